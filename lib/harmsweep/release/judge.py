"""Hold a candidate against the champion: the figures that the gates compare."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.model_scores import model_scores
from harmsweep.evaluation.ordinary import Flagging, any_head_records, ordinary_records
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows, seen_groups
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Columns, Input, fuse
from harmsweep.model.manifest import (
    Manifest,
    ManifestRefused,
    load_manifest,
    verified_bytes,
)
from harmsweep.model.network import load_heads, predict, score_columns
from harmsweep.model.snapshot import Snapshot, load_snapshot
from harmsweep.paths import CONF
from harmsweep.policy.certificates import find_certificate, folder_beside
from harmsweep.policy.file import load_policy
from harmsweep.release import hatecheck
from harmsweep.release.conf import ReleaseConfig
from harmsweep.release.floors import function_floors, ordinary_gates
from harmsweep.release.gates import (
    BEST,
    CANDIDATE,
    CHAMPION,
    Gate,
    baseline_gates,
    calibration_gates,
    confounder_gates,
    cost_gates,
    disguise_gates,
    function_gates,
    harmless_gates,
    head_gates,
    kept_gates,
)
from harmsweep.release.robustness import Kept, kept_in_writings, probes

ROWS, ROUNDS = 4096, 5
# Whose thresholds ordinary posts are held against.
POLICY = CONF / "policy" / "default.yaml"


def judge(
    candidate: Path,
    champion: Path | None,
    *,
    best: Path | None = None,
    snapshot: Path,
    cases: hatecheck.Cases,
    options: ReleaseConfig,
) -> Iterator[Gate]:
    """Every gate of a candidate, beside the champion where there is one, and the best one so far.

    All are manifests.

    Raises:
        ManifestRefused: a model's files differ from their hashes, the two models see other inputs,
            or one was trained on every group of the snapshot's test part.
    """
    models = {CANDIDATE: candidate} | ({CHAMPION: champion} if champion else {})
    manifests = {name: load_manifest(path) for name, path in models.items()}
    _check_inputs(load_snapshot(snapshot), manifests)
    scored = models | ({BEST: best} if best and best != champion else {})
    known = manifests | {BEST: load_manifest(scored[BEST])} if BEST in scored else manifests
    test = list(_test_rows(snapshot / "test", scored, known))
    lacking = sorted({h for m in manifests.values() for h in m.harms} - {*_mine(manifests).harms})
    yield from head_gates(test, lacking, options)
    yield from baseline_gates(_evaluation(candidate, _mine(manifests)), options)
    if all(hatecheck.HARM in manifest.harms for manifest in manifests.values()):
        answers = hatecheck.answers(models, cases, seed=options.seed)
        yield from function_floors(cases, answers[CANDIDATE], options)
        yield from function_gates(cases, answers, options)
        yield from disguise_gates(cases, answers, options)
        yield from confounder_gates(cases, answers, options)
    yield from kept_gates(_kept(candidate, cases, options), options)
    yield from harmless_gates(test, options)
    yield from _ordinary(candidate, snapshot / "test", options)
    yield from calibration_gates(test, options)
    size = (candidate.parent / _mine(manifests).weights.name).stat().st_size
    yield from cost_gates(size, _rates(models, manifests), options)


def _kept(candidate: Path, cases: hatecheck.Cases, c: ReleaseConfig) -> list[Kept]:
    """What the candidate keeps of HateCheck's hateful phrases and the project's own sentences."""
    texts = probes(cases.plainly_hateful, most=c.kept_probes, seed=c.seed)
    return list(kept_in_writings(candidate, texts, seed=c.seed))


def _ordinary(candidate: Path, part: Path, c: ReleaseConfig) -> Iterator[Gate]:
    """What the candidate does to posts that are free of its harms, at the thresholds that ship."""
    manifest, policy = load_manifest(candidate), load_policy(POLICY)
    folder, version = folder_beside(candidate), policy.policy_version
    certificate = find_certificate(folder, manifest.model_version, version)
    training = load_training()
    by = Flagging(policy, certificate, training.background)
    scored = model_scores(part, candidate)
    rows = scored[~scored["split_group"].isin(seen_groups(part, manifest.groups))]
    shipped = [harm for harm in manifest.harms if harm not in manifest.kept_out]
    given = rows, shipped, by, training.evaluation
    records, in_all = ordinary_records(*given, seed=c.seed), any_head_records(*given, seed=c.seed)
    yield from ordinary_gates([*records], [*in_all], c)


def _mine(manifests: Mapping[str, Manifest]) -> Manifest:
    return manifests[CANDIDATE]


def _test_rows(
    part: Path, models: Mapping[str, Path], manifests: Mapping[str, Manifest]
) -> Iterator[ScoredRows]:
    """Per head of the candidate the rows that no model was trained on, scored by all."""
    mine = _mine(manifests)
    trained_on = {group for manifest in manifests.values() for group in manifest.groups}
    seen = seen_groups(part, trained_on)
    inputs = _inputs(manifests)

    def scores(rows: Columns) -> dict[str, NDArray[Any]]:
        return {name: _scores(path, mine.harms, rows) for name, path in models.items()}

    # Numbers that only one of them sees are read for both.
    numbers = {f.name: f for manifest in manifests.values() for f in manifest.features}
    features = tuple(numbers.values())
    windows = next((m.windows for m in manifests.values() if m.windows), None)
    for rows in score_labelled_rows(
        part, mine.harms, scores, inputs=inputs, features=features, windows=windows
    ):
        fresh = np.array([name not in seen for name in rows.groups], dtype=bool)
        if len(fresh) and not fresh.any():
            raise ManifestRefused(f"{part}: every group of {rows.harm} was trained on")
        unseen = rows.where(fresh)
        known = {n: v for n, v in unseen.scores.items() if rows.harm in manifests[n].harms}
        yield replace(unseen, scores=known)


def _check_inputs(facts: Snapshot, manifests: Mapping[str, Manifest]) -> None:
    for name, manifest in manifests.items():
        wanted = [*manifest.inputs, *([manifest.windows] if manifest.windows else [])]
        lacking = {s.name for s in wanted} - {s.name for s in (*facts.inputs, facts.windows) if s}
        if lacking:
            raise ManifestRefused(f"{name}: the snapshot {facts.id} has no {sorted(lacking)}")


def _inputs(manifests: Mapping[str, Manifest]) -> tuple[Input, ...]:
    """Every input that a model reads; one of them may read fewer."""
    inputs: dict[str, Input] = {}
    for source in (source for manifest in manifests.values() for source in manifest.inputs):
        known = inputs.setdefault(source.name, source)
        if known.encoder_id != source.encoder_id:
            raise ManifestRefused("candidate and champion see other inputs: compare them by hand")
    return tuple(inputs.values())


def _scores(path: Path, harms: tuple[str, ...], rows: Columns) -> NDArray[np.float64]:
    """A model's probabilities in the order of `harms`; NaN where it has no such head."""
    manifest, heads = load_heads(path)
    probabilities = score_columns(manifest, heads, rows)
    nothing = np.full(len(probabilities), np.nan)
    columns = [
        probabilities[:, manifest.harms.index(harm)] if harm in manifest.harms else nothing
        for harm in harms
    ]
    return np.stack(columns, axis=1)


def _evaluation(path: Path, manifest: Manifest) -> list[dict[str, Any]]:
    content = verified_bytes(path.parent / manifest.evaluation.name, manifest.evaluation.sha256)
    records: list[dict[str, Any]] = json.loads(content)["records"]
    return records


def _rates(models: Mapping[str, Path], manifests: Mapping[str, Manifest]) -> dict[str, float]:
    """Rows a second of fusion and heads on random rows: the best of rounds in turn."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    best = dict.fromkeys(models, float("inf"))
    for _ in range(ROUNDS):
        for name, path in models.items():
            manifest, heads = load_heads(path)
            columns: dict[str, NDArray[Any]] = {}
            for source in manifest.inputs:
                vectors = rng.normal(size=(ROWS, source.width)).astype(np.float32)
                columns[f"{source.name}_vector"] = vectors
                columns[f"{source.name}_present"] = np.ones(ROWS, dtype=bool)
            columns |= {feature.name: np.ones(ROWS) for feature in manifest.features}
            started = time.perf_counter()
            fused = fuse(columns, manifest.inputs, manifest.features)
            predict(heads, fused, manifests[name].calibrations)
            best[name] = min(best[name], time.perf_counter() - started)
    return {name: ROWS / seconds for name, seconds in best.items()}
