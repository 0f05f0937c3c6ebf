"""Hold a candidate against the champion: the figures that the gates compare."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Floats
from harmsweep.evaluation.model_scores import POST, model_scores, score_column
from harmsweep.evaluation.ordinary import Flagging, any_head_records, ordinary_records
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows, seen_groups
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Columns, fuse
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
    former: Path | None = None,
    cases: hatecheck.Cases,
    options: ReleaseConfig,
) -> Iterator[Gate]:
    """Every gate of a candidate, beside the champion where there is one, and the best one so far.

    All are manifests. `former` is a snapshot of the same posts with the vectors of other encoders,
    for those of them that read such.

    Raises:
        ManifestRefused: a model's files differ from their hashes, neither snapshot has its inputs,
            or one was trained on every group of the snapshot's test part.
    """
    models = {CANDIDATE: candidate} | ({CHAMPION: champion} if champion else {})
    manifests = {name: load_manifest(path) for name, path in models.items()}
    scored = models | ({BEST: best} if best and best != champion else {})
    known = manifests | {BEST: load_manifest(scored[BEST])} if BEST in scored else manifests
    snapshots = _snapshots(known, snapshot, former)
    test = list(_test_rows(snapshot / "test", scored, known, snapshots))
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
    part: Path,
    models: Mapping[str, Path],
    manifests: Mapping[str, Manifest],
    snapshots: Mapping[str, Path],
) -> Iterator[ScoredRows]:
    """Per head of the candidate the rows that no model was trained on, scored by all."""
    mine = _mine(manifests)
    trained_on = {group for manifest in manifests.values() for group in manifest.groups}
    seen = seen_groups(part, trained_on)
    here = [name for name, snapshot in snapshots.items() if snapshot == part.parent]
    elsewhere = {
        name: _by_post(model_scores(snapshot / part.name, models[name]), mine.harms)
        for name, snapshot in snapshots.items()
        if name not in here
    }

    def scores(rows: Columns) -> dict[str, NDArray[Any]]:
        posts = list(zip(*(rows[name] for name in POST), strict=True))
        unknown = np.full(len(mine.harms), np.nan)
        return {name: _scores(models[name], mine.harms, rows) for name in here} | {
            name: np.stack([known.get(post, unknown) for post in posts])
            for name, known in elsewhere.items()
        }

    sources = _sources({name: manifests[name] for name in here})
    for rows in score_labelled_rows(part, mine.harms, scores, **sources, beside=POST):
        known = {n: v for n, v in rows.scores.items() if rows.harm in manifests[n].harms}
        fresh = np.array([name not in seen for name in rows.groups], dtype=bool)
        fresh &= ~np.any([np.isnan(values) for values in known.values()], axis=0)
        if len(fresh) and not fresh.any():
            raise ManifestRefused(f"{part}: every group of {rows.harm} was trained on")
        yield replace(rows, scores=known).where(fresh)


def _by_post(rows: pd.DataFrame, harms: Sequence[str]) -> dict[tuple[Any, ...], Floats]:
    """What a model says of each post in the order of `harms`; NaN where it has no such head."""
    columns = rows.reindex(columns=[score_column(harm) for harm in harms]).to_numpy(dtype=float)
    return dict(zip(zip(*(rows[name] for name in POST), strict=True), columns, strict=True))


def _snapshots(
    manifests: Mapping[str, Manifest], snapshot: Path, former: Path | None
) -> dict[str, Path]:
    """The snapshot that has what each model reads."""
    folders = [snapshot, *([former] if former else [])]
    held = {folder: _inputs(load_snapshot(folder)) for folder in folders}
    chosen = {}
    for name, manifest in manifests.items():
        wanted = _inputs(manifest)
        fits = [folder for folder in folders if wanted.items() <= held[folder].items()]
        if not fits or (name == CANDIDATE and fits[0] != snapshot):
            lacking = sorted(name for name, _ in wanted.items() - held[folders[-1]].items())
            raise ManifestRefused(
                f"{name}: the snapshot {folders[-1].name} has no {lacking} as it reads it"
            )
        chosen[name] = fits[0]
    return chosen


def _inputs(holder: Snapshot | Manifest) -> dict[str, str]:
    """The encoder of each input, its windows among them."""
    held = [*holder.inputs, *([holder.windows] if holder.windows else [])]
    return {source.name: source.encoder_id for source in held}


def _sources(manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """Every input and number that one of the models reads; another may read fewer."""
    inputs = {s.name: s for manifest in manifests.values() for s in manifest.inputs}
    numbers = {f.name: f for manifest in manifests.values() for f in manifest.features}
    windows = next((m.windows for m in manifests.values() if m.windows), None)
    return {
        "inputs": tuple(inputs.values()),
        "features": tuple(numbers.values()),
        "windows": windows,
    }


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
