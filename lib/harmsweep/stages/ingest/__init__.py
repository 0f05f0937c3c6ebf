"""Ingest: what was landed, checked and accepted or rejected with a reason."""
