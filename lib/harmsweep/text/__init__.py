"""Texts as untrusted input: repaired on the way in, cleaned and undisguised for the models.

`cleaning.repair` makes any text storable and says what it changed; `cleaning.clean` is what the
author wrote, as a model reads it; `disguise.normalise` undoes disguises. None needs Spark.
"""
