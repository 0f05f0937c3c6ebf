"""A policy, and literal scores with what else is known of their posts."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from builders import rule, rung, scored, trial_policy
from pyspark.sql import DataFrame, SparkSession

from harmsweep.policy.file import Policy, load_policy
from harmsweep.stages.decide.side_evidence import copies_of, with_others
from harmsweep.tables.catalog import COMMENT_SCORES, MEDIA, MEDIA_CLUSTERS, MEDIA_MATCHES, SCORES
from harmsweep.tables.spec import Table

Rows = list[dict[str, Any]]
DAY = date(2026, 10, 1)

POLICY = trial_policy(
    {
        "hate": [
            rule(rung("remove", 0.95), rung("review", 0.5)),
            rule(rung("remove", 0.3), surface="ads"),
            rule(rung("demote", 0.4), jurisdiction="DE"),
        ],
        "spam": [rule(rung("remove", 0.9), rung("demote", 0.8))],
        "sexism": [rule(rung("remove", 0.9))],
    }
)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("policy") / "trial.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return load_policy(path)


def score_rows(posts: Mapping[str, Mapping[str, Any]]) -> Rows:
    """Rows of scores: by post, what differs from a plain post in German without any score."""
    return [scored(name) | dict(row) for name, row in posts.items()]


@pytest.fixture(scope="module")
def see(spark: SparkSession) -> Callable[..., DataFrame]:
    """A function that gives scores with known media, copies and comments, from literal rows."""

    def frame(rows: Rows, table: Table) -> DataFrame:
        common = {"day": DAY, "revision": 1, "position": 0, "model_version": "m-1"}
        values = [[(common | row).get(n) for n in table.schema.names] for row in rows]
        return spark.createDataFrame(values, table.schema)

    def seen(
        posts: Mapping[str, Mapping[str, Any]],
        policy: Policy,
        *,
        matches: Rows | None = None,
        media: Rows | None = None,
        clusters: Rows | None = None,
        comments: Rows | None = None,
    ) -> DataFrame:
        return with_others(
            frame(score_rows(posts), SCORES),
            policy,
            matches=frame(matches or [], MEDIA_MATCHES),
            copies=copies_of(frame(media or [], MEDIA), frame(clusters or [], MEDIA_CLUSTERS)),
            comments=frame(comments or [], COMMENT_SCORES),
        )

    return seen
