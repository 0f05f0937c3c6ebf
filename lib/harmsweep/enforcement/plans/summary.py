"""What a person reads of a plan or held batch: whom it touches, and samples with masked words."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harmsweep.enforcement.circuit_breaker.batches import Waiting, held_effects
from harmsweep.enforcement.plans.plan import STAYS, Plan
from harmsweep.lake import delta
from harmsweep.policy.actions import VISIBLE

Row = dict[str, Any]
# What is masked of a word: all but marks of punctuation.
_LETTER = re.compile(r"[^!-/:-@\[-`{-~]")
SAMPLES = 3
LONGEST = 80
_EFFECT = f"p.entry <> '{STAYS}'"
_HARM = "coalesce(p.harm, 'none')"
# What the numbers of a plan are by; a size or age that is not known has a row of its own.
VIEWS: Mapping[str, Mapping[str, str]] = {
    "by harm and action": {
        "lane": "p.lane",
        "cause": "p.cause_kind",
        "harm": _HARM,
        "held": f"CASE WHEN {_EFFECT} THEN p.previous_action ELSE p.action END",
        "action": "p.action",
    },
    "by language": {"harm": _HARM, "language": "coalesce(f.language, 'unknown')"},
    "by audience": {
        "harm": _HARM,
        "followers": """CASE WHEN f.followers IS NULL THEN 'unknown'
            WHEN f.followers < 1000 THEN 'under 1,000' WHEN f.followers < 10000 THEN '1,000 and up'
            WHEN f.followers < 100000 THEN '10,000 and up' ELSE '100,000 and up' END""",
    },
    "by age of the account": {
        "harm": _HARM,
        "days": """CASE WHEN f.account_age_days IS NULL THEN 'unknown'
            WHEN f.account_age_days < 30 THEN 'under 30' WHEN f.account_age_days < 365
            THEN '30 and up' ELSE '365 and up' END""",
    },
}


def mask(text: str) -> str:
    """A text with all but the first letter of each word replaced, and no longer than a line.

    What stands between blanks is a word, whatever is put between its letters, and so are letters
    that stand one by one.
    """
    words, after_one = [], False
    for word in text.split():
        letters = [*_LETTER.finditer(word)]
        shown = letters[0].start() + (len(letters) > 1 or not after_one) if letters else len(word)
        words.append(word[:shown] + _LETTER.sub("·", word[shown:]))
        after_one = len(letters) == 1 if letters else after_one
    masked = " ".join(words)
    return masked if len(masked) <= LONGEST else f"{masked[:LONGEST]}…"


def tables(lake: Path, plan: Plan | Waiting) -> dict[str, list[Row]]:
    """A plan or batch in numbers: for each of VIEWS how much is applied, released or stays.

    `views` are those so far of the posts that others would see change.
    """
    return {name: _rows(lake, _counts(plan, columns)) for name, columns in VIEWS.items()}


def changing(rows: Sequence[Row]) -> list[Row]:
    """The rows of a plan's numbers in which something changes."""
    return [row for row in rows if row["applied"] or row["released"]]


def unchanging(rows: Sequence[Row]) -> list[Row]:
    """The others."""
    return [row for row in rows if not (row["applied"] or row["released"])]


def _counts(plan: Plan | Waiting, columns: Mapping[str, str]) -> str:
    named = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    visible = f"p.action IN {VISIBLE} OR p.previous_action IN {VISIBLE}"
    return f"""SELECT {named},
            sum(CASE WHEN {_EFFECT} AND p.direction = 'apply' THEN 1 ELSE 0 END) AS applied,
            sum(CASE WHEN {_EFFECT} AND p.direction = 'release' THEN 1 ELSE 0 END) AS released,
            sum(CASE WHEN {_EFFECT} THEN 0 ELSE 1 END) AS unchanged,
            CAST(sum(CASE WHEN {_EFFECT} AND ({visible}) THEN coalesce(f.views, 0) ELSE 0 END)
                AS BIGINT) AS views
        FROM {_effects(plan)} GROUP BY {", ".join(columns.values())}
        ORDER BY applied DESC, released DESC, unchanged DESC, {", ".join(columns)}"""


def samples(lake: Path, plan: Plan | Waiting, *, masked: bool = True) -> list[Row]:
    """Some effects of each harm, direction and action, by hash of their keys, with their text."""
    sql = f"""SELECT * FROM (
            SELECT p.harm, p.direction, p.action, p.subject_id AS post, p.score,
                coalesce(f.clean_text, '') AS text, row_number() OVER (
                    PARTITION BY p.harm, p.direction, p.action ORDER BY p.effect_key) AS place
            FROM {_effects(plan)} WHERE {_EFFECT}) s
        WHERE place <= {SAMPLES} ORDER BY harm, direction, action, place"""
    rows = _rows(lake, sql)
    for row in rows:
        del row["place"]
        row["text"] = mask(row["text"]) if masked else row["text"]
    return rows


def effects_of(plan: Plan | Waiting) -> str:
    """The query for the rows of a plan, with what stays, or for those of a batch."""
    if isinstance(plan, Plan):
        return f"SELECT * FROM plans_v1 WHERE {delta.datafusion_where({'plan_id': plan.plan_id})}"
    return held_effects(plan.batch)


def _effects(plan: Plan | Waiting) -> str:
    first, last = (plan.first, plan.last) if isinstance(plan, Plan) else (plan.day, plan.day)
    return f"""({effects_of(plan)}) p
        LEFT JOIN (SELECT * FROM post_features_v1 WHERE day >= '{first}' AND day <= '{last}') f
        ON f.day = p.day AND f.post_id = p.subject_id AND f.revision = p.revision"""


def _rows(lake: Path, sql: str) -> list[Row]:
    rows: list[Row] = delta.query(lake, sql).to_pylist()
    return rows
