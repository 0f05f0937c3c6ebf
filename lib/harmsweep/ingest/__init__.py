"""Ingest: what the platform hands over, checked and resolved, to the content tables."""

from harmsweep.ingest.day import ingest_day
from harmsweep.ingest.files import fingerprint, landing_counts, landing_days

__all__ = ["fingerprint", "ingest_day", "landing_counts", "landing_days"]
