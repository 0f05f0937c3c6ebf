"""The gates that compare with no champion: what any model that is released has to reach."""

from collections.abc import Iterator, Sequence

from harmsweep.evaluation.intervals import auroc_auprc
from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY
from harmsweep.evaluation.records import Record
from harmsweep.release.conf import ReleaseConfig
from harmsweep.release.gates import Gate
from harmsweep.release.hatecheck import Answers, Cases

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


def function_floors(cases: Cases, answers: Answers, c: ReleaseConfig) -> Iterator[Gate]:
    """HateCheck's hateful cases are told from its harmless ones, in each function.

    By function: the share that is called hateful at the score from which so many harmless ones are.
    One that no model finds yet is told of and decides nothing.
    """
    auroc = auroc_auprc(cases.hateful, answers.plain)[0]
    figures = f"AUROC {auroc:.3f}, at least {c.hatecheck_auroc}"
    yield Gate("floor", "HateCheck", auroc >= c.hatecheck_auroc, figures)
    called = answers.plain >= cases.threshold_at(answers.plain, c.false_alarms)
    for name in sorted(set(cases.functions[cases.hateful])):
        here = (cases.functions == name) & cases.hateful
        share = float(called[here].mean())
        figures = f"{share:.3f} found at {c.false_alarms} false alarms, at least {c.least_found}"
        is_enough = share >= c.least_found
        yield Gate("floor", name, None if name in c.not_found_yet else is_enough, figures)


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
