"""What a person reads of a plan: whom it touches, and samples with the words masked."""

import re
from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.enforce.plans import Plan

# A letter or digit that follows another: masked, so that a word is known only by its first.
_REST = re.compile(r"(?<=\w)\w")
SAMPLES = 3
LONGEST = 80


def mask(text: str) -> str:
    """A text with all but the first letter of each word replaced, and no longer than a line."""
    masked = _REST.sub("·", " ".join(text.split()))
    return masked if len(masked) <= LONGEST else f"{masked[:LONGEST]}…"


def groups(lake: Path, plan: Plan) -> list[dict[str, Any]]:
    """How many effects there are by lane, cause and action, on which accounts, seen how often.

    Large accounts have 10,000 followers or more, young ones are under 30 days old.
    """
    sql = f"""SELECT p.lane, p.cause_kind AS cause, p.harm, p.direction, p.previous_action AS held,
            p.action,
            coalesce(f.language, '') AS language, count(*) AS effects,
            sum(CASE WHEN f.followers >= 10000 THEN 1 ELSE 0 END) AS large_accounts,
            sum(CASE WHEN f.account_age_days < 30 THEN 1 ELSE 0 END) AS young_accounts,
            CAST(coalesce(sum(f.views), 0) AS BIGINT) AS views
        FROM {_effects(plan)}
        GROUP BY p.lane, p.cause_kind, p.harm, p.direction, p.previous_action, p.action,
            coalesce(f.language, '')
        ORDER BY effects DESC, p.lane, cause, p.harm, p.direction, held, p.action, language"""
    return _rows(lake, sql)


def samples(lake: Path, plan: Plan, *, masked: bool = True) -> list[dict[str, Any]]:
    """Some effects of each harm, direction and action, by hash of their keys, with their text."""
    sql = f"""SELECT * FROM (
            SELECT p.harm, p.direction, p.action, p.subject_id AS post, p.score,
                coalesce(f.clean_text, '') AS text, row_number() OVER (
                    PARTITION BY p.harm, p.direction, p.action ORDER BY p.effect_key) AS place
            FROM {_effects(plan)}) s
        WHERE place <= {SAMPLES} ORDER BY harm, direction, action, place"""
    found = _rows(lake, sql)
    for row in found:
        del row["place"]
        row["text"] = mask(row["text"]) if masked else row["text"]
    return found


def _effects(plan: Plan) -> str:
    of_plan = lakes.plain_predicate({"plan_id": plan.plan_id})
    days = f"day >= '{plan.first}' AND day <= '{plan.last}'"
    return f"""(SELECT * FROM plans_v1 WHERE {of_plan}) p
        LEFT JOIN (SELECT * FROM post_features_v1 WHERE {days}) f
        ON f.day = p.day AND f.post_id = p.subject_id AND f.revision = p.revision"""


def _rows(lake: Path, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lakes.query(lake, sql).to_pylist()
    return found
