"""A model's evaluation as one page: how good each head is, for whom, and where it errs."""

from harmsweep.evaluation.page import Material, write_evaluation

__all__ = ["Material", "write_evaluation"]
