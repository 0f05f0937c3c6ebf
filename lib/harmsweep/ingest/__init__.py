"""Ingest: what the platform hands over, checked and resolved, to the content tables."""

from harmsweep.ingest.day import ingest_day
from harmsweep.ingest.files import landing_days

__all__ = ["ingest_day", "landing_days"]
