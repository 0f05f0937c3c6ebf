"""HTML pages that people read."""
