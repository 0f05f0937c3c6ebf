"""Flipped labels are found again, by people's own command, and right ones are left alone."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.labels.suspects import likely_errors, out_of_fold
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Input
from harmsweep.model.snapshot import (
    FACTS,
    PARTS,
    Snapshot,
    SnapshotRefused,
    file_hashes,
    label_column,
)

DAY = date(2026, 10, 1)
WIDTH, ROWS = 8, 1200
INPUTS = tuple(Input(name=name, encoder_id="tiny", width=WIDTH) for name in ("text", "image"))
FLIPPED = 60


def write(folder: Path, columns: dict[str, object]) -> None:
    """A snapshot of the columns, its rows dealt out over the parts."""
    table = pa.table(columns)
    for place, part in enumerate(PARTS):
        (folder / part).mkdir(parents=True)
        rows = table.take(list(range(place, ROWS, len(PARTS))))
        pq.write_table(rows, folder / part / "part-00000.parquet")
    facts = Snapshot(
        id=folder.name, versions={}, first=DAY, last=DAY, inputs=INPUTS, numbers=(), harms=HARMS,
        split=Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=100),
        rows={}, groups={}, duplicates=0, files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A snapshot whose text tells spam, and the posts whose label was turned around.

    The image of every second post tells nothing. Hate has too few rows to be judged.
    """
    rng = np.random.default_rng(1)
    truth = rng.random(ROWS) < 0.3
    text = rng.normal(size=(ROWS, WIDTH))
    text[:, 0] += np.where(truth, 3.0, -3.0)
    flipped = rng.choice(ROWS, FLIPPED, replace=False)
    given = truth.astype(np.float32)
    given[flipped] = 1 - given[flipped]
    labels = {harm: np.full(ROWS, np.nan, np.float32) for harm in HARMS}
    labels |= {"spam": given, "hate": np.where(np.arange(ROWS) < 12, given, np.nan)}
    image = stored(rng.normal(size=(ROWS, WIDTH)))
    columns = {
        "day": [DAY] * ROWS,
        "post_id": [f"p{n}" for n in range(ROWS)],
        "dataset": ["sms"] * ROWS,
        "split_group": [f"g{n // 3}" for n in range(ROWS)],
        "text_vector": stored(text),
        "text_present": [True] * ROWS,
        "image_vector": [v if n % 2 else None for n, v in enumerate(image)],
        "image_present": [bool(n % 2) for n in range(ROWS)],
        **{label_column(harm): values.astype(np.float32) for harm, values in labels.items()},
    }
    folder = tmp_path_factory.mktemp("snapshots") / "s0123456789ab"
    write(folder, columns)
    return folder, {f"p{n}" for n in flipped}


def test_planted_flips_are_listed_and_little_else(planted: tuple[Path, set[str]]) -> None:
    folder, flipped = planted
    found = list(likely_errors(folder))
    assert [(judged.harm, judged.modality) for judged, _ in found] == [("spam", "text")]
    judged, suspects = found[0]
    listed = [suspect.post_id for suspect in suspects]
    assert len(judged.rows) == ROWS
    assert len(flipped & {*listed}) >= 0.8 * FLIPPED
    assert len({*listed} - flipped) <= 0.2 * FLIPPED
    confidence = [suspect.self_confidence for suspect in suspects]
    assert confidence == sorted(confidence) and confidence[-1] < 0.5
    assert {*listed[:40]} <= flipped


def test_a_suspect_names_the_label_that_was_given(planted: tuple[Path, set[str]]) -> None:
    folder, _ = planted
    rows = [pq.read_table(path) for path in folder.glob("*/*.parquet")]
    given = {row["post_id"]: row["label_spam"] for row in pa.concat_tables(rows).to_pylist()}
    _, suspects = next(iter(likely_errors(folder, harms=["spam"])))
    assert all(given[suspect.post_id] == suspect.label for suspect in suspects)
    assert {suspect.label for suspect in suspects} == {0, 1} and suspects[0].day == DAY


def test_a_row_is_judged_without_its_group() -> None:
    # The label is the group's, and the vector names the group: nothing is learned of another.
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 10)
    truth = rng.permutation(np.arange(60) % 2 == 0)[groups]
    vectors = np.eye(60)[groups]
    chances = out_of_fold(vectors, truth, groups)
    assert chances is not None and chances.std() < 0.1


def test_too_few_rows_or_groups_are_not_judged() -> None:
    rng = np.random.default_rng(1)
    truth, vectors = np.arange(100) < 9, rng.normal(size=(100, 4))
    assert out_of_fold(vectors, truth, np.arange(100)) is None
    assert out_of_fold(vectors, np.arange(100) < 50, np.arange(100) // 50) is None


def test_the_console_lists_them(
    planted: tuple[Path, set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from harmsweep.cli.main import main

    folder, flipped = planted
    options = ["--snapshot", str(folder.parent), "--limit", "5", "--format", "csv"]
    monkeypatch.setattr("sys.argv", ["harmsweep", "label-errors", *options])
    main()
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "harm,day,post_id,dataset,label,self_confidence" and len(lines) == 6
    assert {line.split(",")[2] for line in lines[1:]} <= flipped
    assert said.err.startswith("spam: 1,200 labels judged by text (AUROC 0.")


def test_a_snapshot_that_was_changed_is_refused(
    planted: tuple[Path, set[str]], tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / planted[0].name
    shutil.copytree(planted[0], copy)
    (copy / "test" / "part-00000.parquet").write_bytes(b"other")
    with pytest.raises(SnapshotRefused, match="part-00000"):
        list(likely_errors(copy))
