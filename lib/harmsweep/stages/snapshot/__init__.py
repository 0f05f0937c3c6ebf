"""Snapshot: an immutable training set from named versions of the tables."""
