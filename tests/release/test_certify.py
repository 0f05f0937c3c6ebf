"""A model, a policy and a snapshot to a certificate, and what is refused or left to review."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import rule, rung, trial_policy

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Feature, Input, fused_width
from harmsweep.model.manifest import (
    HeadsConfig,
    ManifestRefused,
    build_manifest,
    group_hash,
    write_manifest,
)
from harmsweep.model.snapshot import FACTS, Snapshot, SnapshotRefused, file_hashes, label_column
from harmsweep.paths import ROOT
from harmsweep.policy.certificates import Source, find_certificate, folder_beside
from harmsweep.policy.file import load_policy
from harmsweep.release.certify import CertifyRefused, certify
from harmsweep.release.claims_table import use_line

pytestmark = pytest.mark.torch

DAY = date(2026, 10, 1)
INPUTS = (Input(name="text", encoder_id="tiny", width=3),)
NUMBERS = (Feature(name="n_chars", transform="log1p"),)
REMOVE = rung("remove", precision=0.95, confidence=0.95)
DEMOTE = rung("demote", precision=0.9, confidence=0.95)
REVIEW = rung("review", 0.5)
AT = {"prevalence": 0.2}
POLICY = trial_policy(
    {
        "hate": [
            rule(REMOVE, DEMOTE, REVIEW, **AT),
            rule(REMOVE, rung("review", 0.4), surface="ads", **AT),
        ],
        "spam": [rule(DEMOTE, REVIEW, **AT)],
        "sexism": [rule(DEMOTE, REVIEW, **AT)],
    },
    mode="production",
    approved_models=[],
    languages=["en", "de"],
)
# Groups of each part, of two posts each; one in ten is German.
GROUPS = {"train": 10, "validation": 400, "certify": 800, "test": 10}


def rows(part: str) -> pa.Table:
    """Posts of which every second group is hateful; the vector's first number tells most of it.

    All are spam, and none has a label of sexism.
    """
    rng = np.random.default_rng(sorted(GROUPS).index(part))
    n = 2 * GROUPS[part]
    group = np.arange(n) // 2
    hate = group % 2 == 0
    vectors = rng.normal(size=(n, 3))
    vectors[:, 0] += np.where(hate, 3.5, -3.5)
    labels = {"hate": hate.astype("f4"), "spam": np.ones(n, "f4")}
    none = np.full(n, np.nan, "f4")
    return pa.table(
        {
            "split_group": [f"{part}-{g}" for g in group],
            "dataset": ["sms" if g % 3 else "forum" for g in group],
            "surface": ["ads" if g % 50 == 1 else "feed" for g in group],
            "day": [DAY - timedelta(days=int(g) % 100) for g in group],
            "language": ["de" if g % 10 == 0 else "en" for g in group],
            "text_vector": pa.array(stored(vectors), pa.binary()),
            "text_present": [True] * n,
            "n_chars": pa.array([None] * n, "f8"),
        }
        | {label_column(harm): labels.get(harm, none) for harm in HARMS}
    )


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshots") / "s0123456789ab", rows)


def write_snapshot(folder: Path, rows: Callable[[str], pa.Table]) -> Path:
    for part in GROUPS:
        (folder / part).mkdir(parents=True)
        table = rows(part)
        for place in (0, 1):
            pq.write_table(
                table.slice(place * len(table) // 2, len(table) // 2),
                folder / part / f"{place}.parquet",
            )
    facts = Snapshot(
        id=folder.name, versions={}, first=DAY, last=date(2026, 10, 3), inputs=INPUTS,
        split=Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=100),
        numbers=("n_chars",), harms=HARMS, rows={part: 2 * n for part, n in GROUPS.items()},
        groups=GROUPS, duplicates=0, files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json())
    return folder


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a model: two heads, whose logit is the vector's first number."""
    import torch

    from harmsweep.model.network import Heads, serialized

    def write(*, groups: tuple[str, ...] = ("train-0", "validation-0"), **changes: Any) -> Path:
        harms, inputs = ("hate", "spam"), changes.get("inputs", INPUTS)
        width = fused_width(inputs, NUMBERS)
        heads = Heads(HeadsConfig(harms=harms, width=width, hidden=1, dropout=0.0))
        with torch.no_grad():
            for parameter in heads.parameters():
                parameter.zero_()
            heads.wide.weight[:, 0] = 1.0
        files = {"model.safetensors": serialized(heads), "evaluation.json": b"{}"}
        named = {n: {"name": n, "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
        counts = [{"harm": harm, "positives": 1, "negatives": 1} for harm in harms]
        source = {"id": "s000000000000", "versions": {}, "first": DAY, "last": DAY, "rows": {}}
        facts: Mapping[str, Any] = {
            "network": heads.config, "inputs": inputs, "features": NUMBERS, "heads": counts,
            "skipped": [], "groups": sorted(map(group_hash, groups)), "snapshot": source,
            "training": {}, "metrics": {}, "weights": named["model.safetensors"],
            "evaluation": named["evaluation.json"], "code_version": "test", "libraries": {},
        }  # fmt: skip
        manifest = build_manifest(facts)
        folder = tmp_path / "models" / manifest.model_version
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return write_manifest(manifest, folder)

    return write


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_each_precision_target_gets_a_claim_in_each_language(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    model = make_model()
    found = certify(snapshot, model=model, policy=policy)
    assert (found.model_version, found.policy_version) == (
        model.parent.name,
        load_policy(policy).policy_version,
    )
    assert isinstance(found.source, Source)
    assert (found.source.snapshot, found.source.tests) == ("s0123456789ab", 2)
    assert (found.source.first, found.source.last) == (DAY - timedelta(days=89), DAY)
    claims = {(c.harm, c.language, c.precision, c.surface): c for c in found.claims}
    wanted = (("hate", 0.95, "all"), ("hate", 0.9, "all"), ("hate", 0.95, "ads"))
    wanted += (("spam", 0.9, "all"), ("sexism", 0.9, "all"))
    assert set(claims) == {
        (harm, language, precision, surface)
        for harm, precision, surface in wanted
        for language in ("en", "de")
    }
    held = claims["hate", "en", 0.95, "all"]
    assert held.counts
    assert held.threshold is not None
    assert 0.5 <= held.threshold < 0.9
    assert held.counts.flagged_groups >= 60
    assert held.bound and held.bound >= 0.95
    assert held.counts.recall and held.counts.recall > 0.9
    assert held.level == pytest.approx(found.source.share * 0.05)  # both passed to the last
    # Of 90 days, and of what stands where enough groups do: not the sixteen of the ads.
    assert held.places == {("forum", "feed"), ("sms", "feed")}
    assert held.population.posts == 2 * sum(held.population.groups.values())
    assert [s.groups for s in held.population.strata] == list(held.population.groups.values())
    assert held.precision_at["0.01"] < held.precision_at["0.1"] < held.precision_at["0.5"]


def test_a_head_without_a_certificate_says_why(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    found = certify(snapshot, model=make_model(), policy=policy)
    why = {(c.harm, c.language, c.surface): c.reason for c in found.claims if c.surface == "all"}
    assert why["hate", "en", "all"] == ""
    assert why["sexism", "en", "all"] == "the model has no head for it"
    assert why["spam", "en", "all"].startswith("the labels of the certify part are all alike")
    # Every tenth group, on whatever surface.
    assert why["hate", "de", "all"].startswith("no dataset has labels of 60 groups")
    ads = [c.reason for c in found.claims if (c.surface, c.language) == ("ads", "en")]
    assert ads == ["no dataset has labels of 60 groups of the certify part on a surface"]


def test_a_rarer_harm_takes_more_harmless_groups_and_is_told_so(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    policy.write_text(POLICY.replace("prevalence: 0.2", "prevalence: 0.001"), encoding="utf-8")
    found = certify(snapshot, model=make_model(), policy=policy)
    why = {(c.harm, c.language, c.precision): c.reason for c in found.claims}
    assert "harmless and " in why["hate", "en", 0.95]
    assert why["hate", "en", 0.95].endswith("or more at a prevalence of 0.001")


def test_a_snapshot_that_says_no_surfaces_certifies_nothing(
    make_model: Callable[..., Path], policy: Path, tmp_path: Path
):
    before = write_snapshot(
        tmp_path / "snapshots" / "s0123456789ab", lambda part: rows(part).drop(["surface", "day"])
    )
    found = certify(before, model=make_model(), policy=policy)
    reasons = {c.reason for c in found.claims if c.harm == "hate"}
    assert reasons == {"the snapshot does not say on which surfaces its posts stand: take one anew"}


def test_each_use_of_the_same_groups_has_half_of_the_error_that_was_left(
    make_model: Callable[..., Path], policy: Path, tmp_path: Path
):
    snapshot = write_snapshot(tmp_path / "snapshots" / "s0123456789ab", rows)
    model = make_model()
    first = certify(snapshot, model=model, policy=policy)
    again = certify(snapshot, model=model, policy=policy)
    policy.write_text(POLICY.replace("version: 1", "version: 2"), encoding="utf-8")
    second = certify(snapshot, model=model, policy=policy)
    copied = write_snapshot(tmp_path / "snapshots" / "s1123456789ab", rows)
    third = certify(copied, model=model, policy=policy)
    uses = [one.source.use for one in (first, again, second, third)]  # type: ignore[union-attr]
    assert uses == [1, 1, 2, 3]
    assert use_line(third) == (
        "use 3 of these groups: the claims have 0.125 of the error, which 2 tests share"
    )
    levels = [one.claims[0].level for one in (first, second, third)]
    assert levels == pytest.approx([0.0125, 0.00625, 0.003125])


def test_the_same_files_give_the_same_certificate(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    model = make_model()
    one, two = (certify(snapshot, model=model, policy=policy) for _ in range(2))
    assert one == two


def test_a_model_that_knows_the_certify_part_is_refused(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    model = make_model(groups=("train-0", "certify-0", "certify-799"))
    with pytest.raises(CertifyRefused, match="was trained on 2 of the 800 groups"):
        certify(snapshot, model=model, policy=policy)


def test_a_snapshot_of_other_encoders_is_refused(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    other = (Input(name="text", encoder_id="another", width=3),)
    with pytest.raises(ManifestRefused, match="text was trained on another, conf has tiny"):
        certify(snapshot, model=make_model(inputs=other), policy=policy)


def test_a_changed_snapshot_is_refused(
    snapshot: Path, make_model: Callable[..., Path], policy: Path, tmp_path: Path
):
    import shutil

    copied = shutil.copytree(snapshot, tmp_path / snapshot.name)
    pq.write_table(rows("certify"), copied / "certify" / "0.parquet")
    with pytest.raises(SnapshotRefused, match=r"certify/0\.parquet"):
        certify(copied, model=make_model(), policy=policy)


@pytest.mark.nightly
@pytest.mark.slow
def test_the_job_prints_the_claims_and_writes_them_beside_the_model(
    snapshot: Path, make_model: Callable[..., Path], policy: Path
):
    model = make_model()
    command = [sys.executable, ROOT / "jobs" / "certify.py", "--model", model]
    command += ["--policy", policy, "--snapshot", snapshot]
    for _ in range(2):
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False,
            env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert "the model has no head for it" in done.stdout
        version = load_policy(policy).policy_version
        assert done.stdout.splitlines()[-1].endswith(f"certificates/{version}.json")
        assert find_certificate(folder_beside(model), model.parent.name, version)
    refused = make_model(groups=("certify-1",))
    command[command.index(model)] = refused
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "was trained on 1 of the 800 groups" in done.stderr
    assert not folder_beside(refused).exists()
