"""The embedding benchmark's numbers from literal measures; no engine runs."""

from pathlib import Path

import deltalake
import numpy as np
import pyarrow as pa
import pytest
from embedding.engines import ENGINES
from embedding.job import Round, last, note
from embedding.limit import Sizes, operations
from embedding.posts import compared, least_cosine, spread
from embedding.report import Spread, Work, agrees, limits_text, numbers, ratios, save

from harmsweep.encoders.stored import stored

MINILM = Sizes(hidden_size=384, intermediate_size=1536, num_hidden_layers=6)
RATES = {"bfloat16_layer": 4e11, "bfloat16_square": 5e11, "float32_layer": 8e10}


def measured(cold: float, *warm: float, rows: int = 100, cosine: float = 1.0) -> Round:
    return Round(cold, list(warm), [0.0] * len(warm), 1_000_000, rows, cosine)


def test_operations_are_those_of_the_unpadded_tokens() -> None:
    # 2 x 1,769,472 weights a layer and token, and 4 x 384 a pair of tokens.
    assert operations([1], MINILM) == 6 * (3_538_944 + 1_536)
    assert operations([10, 20], MINILM) == operations([10], MINILM) + operations([20], MINILM)
    assert operations([30], MINILM) > operations([10, 20], MINILM)


def test_posts_are_spread_over_the_whole_and_none_is_taken_twice() -> None:
    assert spread(range(10), 5) == [0, 2, 4, 6, 8]
    assert spread(range(3), 5) == spread(range(3), None) == [0, 1, 2]


def test_a_ratio_is_of_one_round_and_above_one_where_we_are_quicker() -> None:
    rounds = {
        "ours": [measured(10, 1.0, 1.0), measured(20, 2.0, 2.0)],
        "ray": [measured(30, 2.0, 2.0), measured(50, 5.0, 5.0)],
    }
    found = ratios(rounds)
    assert found == {"ray": {"warm": Spread(2.25, 2.0, 2.5), "cold": Spread(2.75, 2.5, 3.0)}}
    assert ratios({"ray": rounds["ray"]}) == {}


def test_the_share_is_of_the_higher_bf16_rate() -> None:
    work = Work(posts=100, cores=2, operations=10**11)
    found = numbers({"ours": [measured(9, 1.0)]}, [RATES], work)
    ours = found["engines"]["ours"]
    assert found["limit"]["of_shares"] == 5e11
    assert (ours["posts_per_s"]["median"], ours["posts_per_s_core"]) == (100, 50)
    assert ours["share_of_limit"] == pytest.approx(0.2)
    assert "bfloat16 square 250" in limits_text(found)


def test_java_is_shown_as_a_share_of_what_the_cores_could_do() -> None:
    work = Work(posts=100, cores=2, operations=10**11)
    with_java = measured(9, 2.0, 4.0)._replace(java=[1.0, 2.0])
    found = numbers({"ours": [with_java], "loop": [measured(9, 1.0)]}, [RATES], work)
    assert found["engines"]["ours"]["java_share"] == pytest.approx(0.25)
    assert found["engines"]["loop"]["java_share"] == 0.0


@pytest.mark.parametrize(("rows", "well"), [(100, True), (99, False)])
def test_a_missing_row_disagrees(rows: int, well: bool) -> None:
    assert agrees([measured(9, 1, rows=rows)], Work(100, 2, 1)) is well


def test_a_vector_far_from_the_reference_disagrees() -> None:
    work = Work(100, 2, 1)
    assert agrees([measured(9, 1, cosine=0.9991)], work)
    assert not agrees([measured(9, 1, cosine=0.9991), measured(9, 1, cosine=0.9989)], work)


def test_the_least_cosine_is_of_rows_in_the_same_place() -> None:
    found = np.array([[2.0, 0.0], [1.0, 1.0]], np.float32)
    expected = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert least_cosine(found, expected) == pytest.approx(2**-0.5)


def test_of_the_workers_notes_the_last_counts_and_none_is_read_twice(tmp_path: Path) -> None:
    assert last(tmp_path, "ready") is None
    for name in ("ready-7-100.5", "ready-8-101.5", "done-8-103.0"):
        (tmp_path / name).touch()
    assert (last(tmp_path, "ready"), last(tmp_path, "ready")) == (101.5, None)
    note(tmp_path, "done")
    assert (last(tmp_path, "done") or 0) > 103


def test_every_file_is_written_for_every_engine(tmp_path: Path) -> None:
    rounds = {name: [measured(9, 1.0), measured(8, 1.2)] for name in ENGINES}
    files = save(numbers(rounds, [RATES, RATES], Work(100, 2, 10**11)), tmp_path)
    assert [file.suffix for file in files] == [".json", ".txt", ".png", ".svg"]
    assert all(file.stat().st_size for file in files)
    shown = files[1].read_text(encoding="utf-8")
    assert all(entry.peer in shown for entry in ENGINES.values())


@pytest.mark.parametrize("form", ["as the lake holds them", "as lists of numbers"])
def test_vectors_of_either_form_are_compared(tmp_path: Path, form: str) -> None:
    vectors = np.eye(3, 4, dtype=np.float32)
    values = stored(vectors) if form == "as the lake holds them" else vectors.tolist()
    rows = pa.table({"input_hash": ["a", "b", "c"], "vector": values})
    deltalake.write_deltalake(str(tmp_path), rows)
    assert compared(tmp_path, {"c": vectors[2], "a": vectors[0]}) == (3, 1.0)
    assert compared(tmp_path, {"a": vectors[1]}) == (3, 0.0)
    assert compared(tmp_path, {"d": vectors[0]}) == (3, 0.0)
