"""Read: the text in each distinct image."""
