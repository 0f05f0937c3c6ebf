"""Where labels come from, and which of them may stand for the truth.

A label by hand was given to a post whatever it scored. Appeals are about posts that were acted on,
and reports about posts that someone disliked: a model may learn from both, and neither alone says
how good a model is.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

HAND, APPEALS, REPORTS = "hand", "appeals", "reports"
# The annotator of a label whose source names none: annotators that cannot be told apart.
UNNAMED = "-"


def vote() -> Column:
    """A label as its weight for 1, or below 0 for 0: the sum's sign is what the majority says."""
    return F.col("weight") * (2 * F.col("label") - 1)
