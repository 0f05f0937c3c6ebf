"""What the answers to the queue's tasks say of all posts: each counts 1 / its chance."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harmsweep.evaluation.weighted_shares import WeightedShare, weighted_share
from harmsweep.lake import delta
from harmsweep.release.task_answers import Answers, answers_to
from harmsweep.tables.catalog import LABEL_TASKS, LEARN


@dataclass(frozen=True)
class HeadEstimate:
    """What became of a head's tasks, and what their answers say of the posts they stand for.

    `prevalence` is of all posts; `precision` and `recall` are of those that scored the threshold
    that was in force when they were drawn.
    """

    harm: str
    answers: Answers
    prevalence: WeightedShare
    precision: WeightedShare
    recall: WeightedShare


def head_estimates(lake: Path, harm: str | None = None) -> list[HeadEstimate]:
    """An estimate of each head that has tasks, or of one."""
    where = delta.datafusion_where({"purpose": LEARN} | ({"harm": harm} if harm else {}))
    sql = f"SELECT * FROM {LABEL_TASKS.name} WHERE {where} ORDER BY day, post_id, revision"
    by_harm = defaultdict[str, list[dict[str, Any]]](list)
    for task in delta.query(lake, sql).to_pylist():
        by_harm[task["harm"]].append(task)
    found = {h: (tasks, answers_to(lake, tasks)) for h, tasks in sorted(by_harm.items())}
    return [estimate_of(h, tasks, answers) for h, (tasks, answers) in found.items()]


def estimate_of(harm: str, tasks: Sequence[Mapping[str, Any]], answers: Answers) -> HeadEstimate:
    """What a head's answers say, with weights; a task without one says nothing."""
    known = dict.fromkeys(answers.right, True) | dict.fromkeys(answers.wrong, False)
    judged = [task for task in tasks if task["post_id"] in known]
    truth = np.array([known[task["post_id"]] for task in judged], dtype=bool)
    flagged = np.array([task["score"] >= task["threshold"] for task in judged], dtype=bool)
    weights = np.array([1 / task["probability"] for task in judged], dtype=float)
    return HeadEstimate(
        harm,
        answers,
        prevalence=weighted_share(truth, weights),
        precision=weighted_share(truth[flagged], weights[flagged]),
        recall=weighted_share(flagged[truth], weights[truth]),
    )
