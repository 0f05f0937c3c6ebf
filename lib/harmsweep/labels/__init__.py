"""Where labels come from, and how good they are."""
