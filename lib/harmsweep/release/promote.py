"""Promote a model to champion, where every gate lets it pass."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from harmsweep.errors import DataRefused
from harmsweep.logs import log
from harmsweep.model.manifest import load_manifest
from harmsweep.model.registry import BEST, CHAMPION, manifest_of, set_champion
from harmsweep.paths import CONF
from harmsweep.release.card import card
from harmsweep.release.conf import load_release
from harmsweep.release.gates import Gate, refused_gates
from harmsweep.release.hatecheck import load_cases
from harmsweep.release.judge import judge

CARD = "card.md"


class PromotionRefused(DataRefused):
    """A gate was not passed; the champion stays."""


def promote(
    candidate: Path,
    *,
    snapshot: Path,
    tracking: Path,
    hatecheck: Path,
    former: Path | None = None,
    config: Path = CONF / "release.yaml",
    dry_run: bool = False,
) -> Iterator[Gate]:
    """The candidate's gates against the champion of `tracking`, which it becomes if none refuses.

    Beside the manifest its card is written, with the gates, whatever the outcome. The champion
    itself is not judged again. `former` is a snapshot with what the champion reads, where that is
    of other encoders.

    Raises:
        PromotionRefused: how many gates refuse, after all of them, and the first five by name.
        ManifestRefused, CasesRefused, SnapshotRefused: a file is not what it should be.
    """
    is_new = not (tracking / "mlflow.db").exists()
    champion, best = (None if is_new else manifest_of(a, tracking) for a in (CHAMPION, BEST))
    if champion and load_manifest(champion).digest == load_manifest(candidate).digest:
        return
    cases, options = load_cases(hatecheck), load_release(config)
    gates = []
    judged = partial(judge, snapshot=snapshot, former=former, cases=cases, options=options)
    for gate in judged(candidate, champion, best=best):
        gates.append(gate)
        yield gate
    (candidate.parent / CARD).write_text(card(candidate, gates), encoding="utf-8")
    failed = refused_gates(gates)
    if failed:
        names = ", ".join(f"{gate.name} ({gate.item})" for gate in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise PromotionRefused(f"{len(failed)} of {len(gates)} gates refuse: {names}{more}")
    if not dry_run:
        change = set_champion(candidate, tracking, is_best=_is_best(gates, champion))
        log("promote").info("champion", now=change.model_version, before=change.before)


def _is_best(gates: Sequence[Gate], champion: Path | None) -> bool:
    """Whether the heads that decide are on average as good as those of the best champion so far."""
    gains = [gate.gain for gate in gates if gate.gain is not None]
    return champion is None or (bool(gains) and sum(gains) >= 0)
