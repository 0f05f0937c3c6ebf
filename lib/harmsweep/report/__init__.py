"""The one-page report of a lake: what was done and why, the accounts, how good the heads are."""

from harmsweep.report.page import PARTS, ablation_section, write_report

__all__ = ["PARTS", "ablation_section", "write_report"]
