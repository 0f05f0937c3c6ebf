"""The gates that compare with no champion: what any model that is released has to reach."""

from collections.abc import Iterator, Sequence

from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY
from harmsweep.evaluation.records import Record
from harmsweep.release.conf import ReleaseConfig
from harmsweep.release.gates import Gate

REVIEW = "review"


def ordinary_gates(
    records: Sequence[Record], in_all: Sequence[Record], c: ReleaseConfig
) -> Iterator[Gate]:
    """No head flags many posts that are free of its harm: ordinary ones, else other collections'.

    What all heads flag together decides nothing.
    """
    for harm in dict.fromkeys(record["harm"] for record in records):
        of_head = [record for record in records if record["harm"] == harm]
        kinds = [r["posts"] for r in of_head if r["n"]]
        kind = ORDINARY if ORDINARY in kinds else ELSEWHERE
        for record in of_head:
            if record["posts"] == kind:
                yield _ordinary_gate(record, c)
    for record in in_all:
        if record["n"]:
            figures = f"{_share(record)}, to review at most {c.ordinary_all}"
            yield Gate("ordinary", f"all heads, {record['posts']}", None, figures)


def _ordinary_gate(record: Record, c: ReleaseConfig) -> Gate:
    item = f"{record['harm']}, {record['action']}"
    if not record["n"]:
        return Gate("ordinary", item, None, "the test part has no such posts")
    most = c.ordinary_review if record["action"] == REVIEW else c.ordinary_action
    figures = f"{_share(record)}, at most {most}"
    if record["threshold"] is None:
        return Gate("ordinary", item, True, f"{figures}: no threshold is certified")
    return Gate("ordinary", item, bool(record["value"] <= most), figures)


def _share(record: Record) -> str:
    ends = "" if record["low"] is None else f" ({record['low']:.4f} to {record['high']:.4f})"
    return f"{record['value']:.4f}{ends} of {record['n']} {record['posts']}"
