"""Maintain: what keeps a lake quick and small, and changes no row that anybody reads."""

from harmsweep.maintain.tables import Maintained, maintain

__all__ = ["Maintained", "maintain"]
