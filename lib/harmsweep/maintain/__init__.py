"""Maintain: what keeps a lake quick and small, and changes no row that anybody reads."""

from harmsweep.maintain.tables import LEAST_KEEP_DAYS, Maintained, maintain

__all__ = ["LEAST_KEEP_DAYS", "Maintained", "maintain"]
