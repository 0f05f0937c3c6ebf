"""How often heads flag posts that are free of their harm, at each rung of a policy.

Such posts are background (conf/training.yaml): of collections of ordinary posts, or of others that
were collected for another harm. They have no label of the harm, and count in no other figure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harmsweep.evaluation.intervals import Bools
from harmsweep.evaluation.model_scores import score_column
from harmsweep.evaluation.records import Record
from harmsweep.evaluation.shares import share
from harmsweep.model.conf import Background, Evaluation
from harmsweep.model.snapshot import label_column
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.certificates import Certificate
from harmsweep.policy.file import Policy
from harmsweep.policy.ladders import Rule, Rung

ORDINARY, ELSEWHERE = "ordinary posts", "other collections"


@dataclass(frozen=True)
class Flagging:
    """What flags a post: a policy, what is certified of it, and which posts should not be."""

    policy: Policy
    certificate: Certificate | None
    background: Background

    def thresholds(self, harm: str) -> dict[str, float | None]:
        """By action the lowest score that any rule of a harm takes it from; None: from none.

        A certified threshold holds in its language and on its claim's posts alone. Here it holds
        everywhere, which flags more than the policy does.
        """
        found: dict[str, list[float]] = {}
        for rule in self.policy.rules.get(harm, ()):
            for rung in rule.ladder:
                found.setdefault(rung.action, []).extend(self._scores(harm, rule, rung))
        ordered = sorted(found, key=lambda action: SEVERITY[action])
        return {action: min(found[action], default=None) for action in ordered}

    def _scores(self, harm: str, rule: Rule, rung: Rung) -> list[float]:
        if rung.threshold is not None:
            return [rung.threshold]
        target = rule.target(rung)
        known = self.certificate.thresholds(harm, target) if self.certificate and target else {}
        return [*known.values()]

    def posts(self, rows: pd.DataFrame, harm: str) -> dict[str, Bools]:
        """By their kind the rows without a label of a harm that are background of it."""
        absent = rows[label_column(harm)].isna()
        of = rows["dataset"].isin([*self.background.of(harm)]) & absent
        ordinary = rows["dataset"].isin([*self.background.ordinary])
        return {ORDINARY: (of & ordinary).to_numpy(), ELSEWHERE: (of & ~ordinary).to_numpy()}


def ordinary_records(
    rows: pd.DataFrame, harms: Sequence[str], by: Flagging, options: Evaluation, *, seed: int
) -> Iterator[Record]:
    """By head, kind of posts and action: the share of background posts that reaches it.

    Intervals are over whole groups; rows are `model_scores`'.
    """
    groups = rows["split_group"].to_numpy(dtype=str)
    for harm in harms:
        scores = rows[score_column(harm)].to_numpy(dtype=float)
        for kind, of in by.posts(rows, harm).items():
            for action, threshold in by.thresholds(harm).items():
                flagged = scores >= (np.inf if threshold is None else threshold)
                facts = {"harm": harm, "posts": kind, "action": action, "threshold": threshold}
                yield facts | share(flagged, of, groups, options, seed=seed)


def any_head_records(
    rows: pd.DataFrame, harms: Sequence[str], by: Flagging, options: Evaluation, *, seed: int
) -> Iterator[Record]:
    """By kind of posts: the share that any head flags of whose harm they are background."""
    groups = rows["split_group"].to_numpy(dtype=str)
    of_kind = {kind: np.zeros(len(rows), dtype=bool) for kind in (ORDINARY, ELSEWHERE)}
    flagged = {kind: of.copy() for kind, of in of_kind.items()}
    for harm in harms:
        scores = rows[score_column(harm)].to_numpy(dtype=float)
        known = [score for score in by.thresholds(harm).values() if score is not None]
        for kind, of in by.posts(rows, harm).items():
            of_kind[kind] |= of
            flagged[kind] |= of & (scores >= min(known, default=np.inf))
    for kind, of in of_kind.items():
        yield {"posts": kind} | share(flagged[kind], of, groups, options, seed=seed)
