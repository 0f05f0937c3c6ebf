"""What holds now against what people said of the posts: hit, in review, missed and false, by harm.

A label by hand was given to a post whatever it scored; where a post has none for a harm, what
reviewers, appeals and others found of it stands. User reports alone are never the truth.
"""

from pathlib import Path

import pandas as pd

from harmsweep.enforcement.circuit_breaker.batches import Waiting
from harmsweep.enforcement.plans.plan import Plan
from harmsweep.enforcement.plans.summary import effects_of
from harmsweep.enforcement.rules.ledger import IN_FORCE
from harmsweep.harms import HARMS
from harmsweep.labels.sources import HAND, REPORTS
from harmsweep.lake import delta
from harmsweep.policy.actions import VISIBLE
from harmsweep.reports.post_lists import LISTED

# A label as a vote, as training counts it; a tie is not known.
_VOTE = "weight * (2 * label - 1)"
TRUTH_SQL = f"""SELECT day, post_id, harm, CASE WHEN lead > 0 THEN 1 ELSE 0 END AS label
FROM (SELECT day, post_id, harm, coalesce(
        sum(CASE WHEN source = '{HAND}' THEN {_VOTE} END),
        sum(CASE WHEN source NOT IN ('{HAND}', '{REPORTS}') THEN {_VOTE} END)) AS lead
    FROM labels_v1 GROUP BY day, post_id, harm)
WHERE lead <> 0"""
_ACTED = f"CASE WHEN action IN {VISIBLE} THEN 1 ELSE 0 END"
# What holds for each post and harm, wherever it holds: an action that others see, or a review.
_HELD = f"""SELECT day, subject_id AS post_id, coalesce(harm, '') AS harm, max({_ACTED}) AS acted
FROM post_visibility_v1 WHERE subject_kind = 'post' AND {IN_FORCE}
GROUP BY day, subject_id, coalesce(harm, '')"""
OUTCOME_SQL = f"""SELECT p.day, p.post_id, t.harm, t.label,
    o.harms > 0 AS for_another, CASE
        WHEN h.acted = 1 THEN CASE WHEN t.label = 1 THEN 'hit' ELSE 'false' END
        WHEN h.acted = 0 THEN CASE WHEN t.label = 1 THEN 'review' ELSE 'false_review' END
        WHEN t.label = 1 THEN 'missed' ELSE 'left' END AS outcome
FROM ({TRUTH_SQL}) t
JOIN posts_v1 p ON p.day = t.day AND p.post_id = t.post_id AND p.status = 'accepted'
LEFT JOIN ({_HELD}) h ON h.day = t.day AND h.post_id = t.post_id AND h.harm = t.harm
LEFT JOIN (SELECT day, post_id, count(*) AS harms FROM ({_HELD}) GROUP BY day, post_id) o
    ON o.day = t.day AND o.post_id = t.post_id
ORDER BY p.day, p.post_id, t.harm"""
_UNLABELLED_SQL = f"""SELECT h.harm, count(*) AS n FROM ({_HELD}) h
LEFT JOIN ({TRUTH_SQL}) t ON t.day = h.day AND t.post_id = h.post_id AND t.harm = h.harm
WHERE h.acted = 1 AND t.label IS NULL GROUP BY h.harm"""
# Each has a list of its posts.
OUTCOMES = ("hit", "review", "missed", "false", "false_review")


def outcomes(lake: Path) -> pd.DataFrame:
    """A row for each harm that an accepted post is labelled for: its label, and what holds."""
    frame: pd.DataFrame = delta.query(lake, OUTCOME_SQL).to_pandas()
    return frame


def by_harm(lake: Path, labelled: pd.DataFrame) -> pd.DataFrame:
    """How many posts each harm has of each outcome, those that miss most first; index the harm.

    `another`: of the missed, those that something holds for as another harm. `unlabelled`: posts
    under an action for the harm that nobody labelled for it.
    """
    harms = [*HARMS, *sorted(set(labelled["harm"]) - set(HARMS))]
    counts = pd.crosstab(labelled["harm"], labelled["outcome"])
    counts = counts.reindex(index=harms, columns=[*OUTCOMES, "left"], fill_value=0)
    another = labelled[(labelled["outcome"] == "missed") & labelled["for_another"].eq(True)]
    counts["another"] = another.groupby("harm").size()
    rows = delta.query(lake, _UNLABELLED_SQL).to_pylist()
    counts["unlabelled"] = pd.Series({row["harm"]: row["n"] for row in rows}, dtype=float)
    counts["harmful"] = counts[["hit", "review", "missed"]].sum(axis=1)
    counts["harmless"] = counts[["false", "false_review", "left"]].sum(axis=1)
    counts = counts.fillna(0).astype(int)
    counts = counts[counts[["harmful", "harmless", "unlabelled"]].any(axis=1)]
    counts["share"] = (counts["missed"] / counts["harmful"]).fillna(0)
    ranked = counts.sort_values(["share", "missed"], ascending=False, kind="stable")
    return ranked.drop(columns="share")


def trained_on(lake: Path, labelled: pd.DataFrame, model: str) -> int:
    """How many of the labelled posts are of groups that the model learned from."""
    of_model = delta.datafusion_where({"model_version": model})
    sql = f"SELECT DISTINCT day, post_id FROM scores_v1 WHERE {of_model} AND trained_on"
    learned = delta.query(lake, sql).to_pandas()
    return len(learned.merge(labelled[["day", "post_id"]].drop_duplicates()))


def listed(labelled: pd.DataFrame) -> pd.DataFrame:
    """The first posts of each harm and outcome, as `post_lists` takes them."""
    behind = labelled[labelled["outcome"].isin(OUTCOMES)].sort_values("harm", kind="stable")
    groups = behind.groupby(["harm", "outcome"], sort=False)["post_id"]
    behind = behind.assign(kind=behind["outcome"], n=groups.transform("size"))
    return behind[groups.cumcount() < LISTED]


def planned(lake: Path, plan: Plan | Waiting) -> pd.DataFrame:
    """A row for each effect of a plan or batch on a post, with its label for the effect's harm."""
    sql = f"""SELECT p.subject_id AS post, coalesce(p.harm, 'none') AS harm, p.direction, p.action,
            CASE WHEN t.label = 1 THEN 'harmful' WHEN t.label = 0 THEN 'not_harmful'
                ELSE 'unlabelled' END AS label
        FROM (SELECT * FROM ({effects_of(plan)}) WHERE entry <> 'stays') p
        LEFT JOIN ({TRUTH_SQL}) t
        ON t.day = p.day AND t.post_id = p.subject_id AND t.harm = p.harm"""
    frame: pd.DataFrame = delta.query(lake, sql).to_pandas()
    return frame


def by_effect(planned: pd.DataFrame) -> pd.DataFrame:
    """How many of a plan's effects fall on posts of each label, by harm, direction and action."""
    by = ["harm", "direction", "action"]
    counts = planned.groupby([*by, "label"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["harmful", "not_harmful", "unlabelled"], fill_value=0)
    return counts.assign(effects=counts.sum(axis=1)).reset_index()
