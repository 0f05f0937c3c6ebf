"""Texts as untrusted input: repaired on the way in, cleaned and undisguised for the models.

`repair` makes any text storable and says what it changed; `clean` is what the author wrote, as a
model reads it; `normalise` undoes disguises. None needs Spark: all run in its Python workers.
"""

from harmsweep.text.cleaning import MAX_CHARS, clean, repair, text_numbers
from harmsweep.text.disguise import disguised_words, normalise

__all__ = ["MAX_CHARS", "clean", "disguised_words", "normalise", "repair", "text_numbers"]
