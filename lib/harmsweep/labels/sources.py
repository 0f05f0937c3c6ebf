"""Where labels come from, and which of them may stand for the truth.

A label by hand was given to a post whatever it scored. Appeals and reviews are about posts that
were acted on, and reports about posts that someone disliked: a model may learn from all of them,
and none of them alone says how good a model is. The queue's tasks are drawn at random by known
chances: by weights of 1 / chance they speak of all posts.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

HAND, APPEALS, REVIEWS, REPORTS = "hand", "appeals", "reviews", "reports"
# Answers to posts that were drawn for people to label, each with a known chance.
TASKS = "tasks"
# What the label stage writes: a landing zone may not.
DERIVED = (REVIEWS, REPORTS, TASKS)
# What people found, one post at a time: a reporter is right or wrong by it.
BY_PEOPLE = (HAND, TASKS, APPEALS, REVIEWS)
# What people found of posts that the platform acted on, or that somebody looked at.
OF_ACTED_ON = (APPEALS, REVIEWS)
# The annotator of a label whose source names none: annotators that cannot be told apart.
UNNAMED = "-"


def vote() -> Column:
    """A label as its weight for 1, or below 0 for 0: the sum's sign is what the majority says."""
    return F.col("weight") * (2 * F.col("label") - 1)
