"""What people ask for beside the tables: views of what is in force, so that a what-if never counts.

A lake holds the scores of every model and the decisions of every policy that were tried on it. A
day's posts are under the pair whose sweep of the day was last, as far as ramps leave it authors.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A named query; `{harms}` in it stands for the columns of scores that harms have."""

    comment: str
    sql: str
    columns: Mapping[str, str]  # what each is; the others are as in the table of its name
    table: str = ""


# The 52 bits by which `uniform_hash` places an author, in hexadecimal digits: they sort like it.
_PLACE = "left(encode(sha256('ramp/' || {0}.author_id), 'hex'), 13)"
_BOUND = "lpad(to_hex(CAST(ceil(f.{0} * 4503599627370496) AS BIGINT)), 13, '0')"


def _in_force(of: str, versions: tuple[str, ...]) -> str:
    """The joins that leave the rows of a table's current revisions under the versions in force."""
    same = " AND ".join(f"f.{name} = {of}.{name}" for name in ("day", *versions))
    place = _PLACE.format(of)
    return f"""JOIN in_force f ON {same} AND {place} >= {_BOUND.format("authors_from")}
            AND (f.authors_to >= 1 OR {place} < {_BOUND.format("authors_to")})
        JOIN posts_v1 p ON p.day = {of}.day AND p.post_id = {of}.post_id
            AND p.revision = {of}.revision AND p.status = 'accepted'"""


# By the ledger, which has also a sweep of which a batch waits, and by runs, which have also one
# without an effect. A batch that people let go later is no sweep: its effects were held before.
_SWEPT = """SELECT day, model_version, policy_version, max(at) AS since FROM (
        SELECT day, model_version, policy_version, recorded_at AS at FROM actions_v1
        WHERE lane = 'policy' AND cause_kind IN ('decision', 'withdrawn', 'sample')
            AND entry IN ('intent', 'held', 'withheld') AND model_version IS NOT NULL
            AND sweep_id NOT IN (SELECT i.sweep_id FROM actions_v1 i
                JOIN actions_v1 h ON h.day = i.day AND h.effect_key = i.effect_key
                WHERE i.entry = 'intent' AND h.entry = 'held')
        UNION ALL SELECT day, split_part(variant, '/', 1), split_part(variant, '/', 2), finished_at
        FROM runs_v1 WHERE stage = 'enforce') GROUP BY day, model_version, policy_version"""
# The newest ramp that names a pair says which of the authors it has.
_RAMPS = """SELECT pair, lo, hi FROM (
        SELECT pair, lo, hi, row_number() OVER (PARTITION BY pair ORDER BY at DESC, lo) AS n FROM (
            SELECT object AS pair, 0.0 AS lo, share AS hi, at FROM ramp
            UNION ALL SELECT other, share, 1.0, at FROM ramp)) WHERE n = 1"""
_IN_FORCE = f"""WITH ramp AS (SELECT object, at,
        regexp_match(details, '"instead_of": "(.*?)", "share": ')[1] AS other,
        CAST(regexp_match(details, '"share": ([-+.eE0-9]+)}}$')[1] AS DOUBLE) AS share
        FROM operations_v1 WHERE act = 'ramp'),
    pairs AS (SELECT s.day, s.model_version, s.policy_version, s.since,
            coalesce(r.lo, 0.0) AS lo, coalesce(r.hi, 1.0) AS hi FROM ({_SWEPT}) s
        LEFT JOIN ({_RAMPS}) r ON r.pair = s.model_version || '/' || s.policy_version),
    parts AS (SELECT day, lo, lead(lo, 1, 1.0) OVER (PARTITION BY day ORDER BY lo) AS hi
        FROM (SELECT day, lo FROM pairs UNION SELECT day, hi FROM pairs) WHERE lo < 1)
    SELECT day, model_version, policy_version, since, lo AS authors_from, hi AS authors_to FROM (
        SELECT p.day, p.model_version, p.policy_version, p.since, a.lo, a.hi, row_number() OVER (
            PARTITION BY a.day, a.lo ORDER BY p.since DESC, p.policy_version, p.model_version) AS n
        FROM parts a JOIN pairs p ON p.day = a.day AND p.lo <= a.lo AND a.lo < p.hi) WHERE n = 1"""

VIEWS: Mapping[str, View] = {
    "in_force": View(
        "The pair of model and policy that each day's posts are under: whose sweep was the last.",
        _IN_FORCE,
        {
            "day": "the posts' day",
            "model_version": "the model",
            "policy_version": "the policy",
            "since": "when the pair last swept the day (UTC)",
            "authors_from": "the authors that it has, by their hash in [0, 1): from here on",
            "authors_to": "up to here; a ramp shares them out, else it has all (0 to 1)",
        },
    ),
    "decisions_now": View(
        "The decisions in force: of the current revisions, by the pair that has their authors.",
        f"SELECT d.* FROM decisions_v1 d {_in_force('d', ('model_version', 'policy_version'))}",
        {},
        "decisions_v1",
    ),
    "scores_long": View(
        "The scores in force, a row for each harm: of the current revisions, by the model that has"
        " their authors.",
        f"""SELECT * FROM (SELECT s.day, s.post_id, s.revision, s.model_version, s.author_id,
                s.surface, s.country, s.language, s.dataset, s.status, s.reason, s.trained_on,
                {{harms}} FROM scores_v1 s {_in_force("s", ("model_version",))})
            WHERE score IS NOT NULL""",
        {"harm": "the harm", "score": "its probability"},
        "scores_v1",
    ),
}


def harm_rows(harms: list[str]) -> str:
    """What `{harms}` stands for: a row of `harm` and `score` for each."""
    names = ", ".join(f"'{name}'" for name in harms)
    scores = ", ".join(f's."{name}"' for name in harms)
    return f"unnest(make_array({names})) AS harm, unnest(make_array({scores})) AS score"
