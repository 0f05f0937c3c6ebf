"""What a text encoder learns from: labels where they are known, background beside, sentences."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from harmsweep.conf import ConfRefused
from harmsweep.model.conf import Background
from harmsweep.model.manifest import group_hash
from harmsweep.paths import CONF
from harmsweep.training.fine_tuning.conf import (
    Contrast,
    Sentences,
    load_fine_tuning,
    load_sentences,
)
from harmsweep.training.fine_tuning.lessons import (
    Lessons,
    contrasting,
    groups_of,
    lessons_of,
    rows_with_text,
)

HARMS = ("hate", "spam")
SENTENCES = Sentences(
    harm="hate",
    groups=("gardeners", "sailors"),
    things=("mondays", "wasps"),
    hateful=("{group} are weeds",),
    harmless=("{group} are here", "{thing} are weeds", "a quiet day"),
    objections=('Never say "{hateful}"',),
)
NAN = float("nan")


def rows(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    whole: dict[str, object] = {
        "day": [date(2026, 10, 1)] * count,
        "post_id": [f"p{n}" for n in range(count)],
        "revision": [1] * count,
        "dataset": ["sms"] * count,
        "own_group": [f"g{n}" for n in range(count)],
        "split_group": [f"g{n}" for n in range(count)],
        "text_present": [True] * count,
        "normal_text": [f"text {n}" for n in range(count)],
    }
    for harm in HARMS:
        whole |= {f"label_{harm}": [NAN] * count, f"weight_{harm}": [0.0] * count}
    return pd.DataFrame(whole | columns)


def test_a_known_label_counts_its_weight_and_an_absent_one_that_of_the_background() -> None:
    given = rows(
        dataset=["sms", "sms", "davidson"],
        label_spam=[1.0, NAN, NAN],
        weight_spam=[0.5, 0.0, 0.0],
    )
    background = Background(weight=0.1, collections={"spam": ("davidson",)})
    found = lessons_of(given, HARMS, background)
    assert found.labels[:, 1].tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_allclose(found.weights, [[0, 0.5], [0, 0], [0, 0.1]])
    assert found.teaches.tolist() == [False, True]


def test_a_text_is_read_as_it_is_embedded() -> None:
    found = lessons_of(rows(normal_text=["win a prize."]), HARMS, Background())
    assert found.texts == ["win a prize"]


def test_only_rows_with_a_text_teach_and_their_groups_are_told(tmp_path: Path) -> None:
    given = rows(text_present=[True, False], own_group=["a", "b"])
    texts = given[["day", "post_id", "revision", "normal_text"]]
    given.drop(columns="normal_text").to_parquet(tmp_path / "part-0.parquet")
    found = rows_with_text(tmp_path, texts, HARMS)
    assert found["normal_text"].tolist() == ["text 0"]
    assert groups_of(found) == (group_hash("a"),)


def test_each_sentence_stands_with_each_name_once_and_half_of_the_hateful_are_objected_to() -> None:
    found = contrasting(SENTENCES, Contrast(weight=0.25, per_sentence=2), HARMS, seed=1)
    said = dict(zip(found.texts, found.labels[:, 0], strict=True))
    hateful = {text for text, label in said.items() if label}
    assert hateful == {"gardeners are weeds", "sailors are weeds"}
    assert {"gardeners are here", "mondays are weeds", "a quiet day"} <= said.keys()
    quoted = [text for text in said if "ever say" in text]
    assert len(quoted) == 1 and said[quoted[0]] == 0
    assert found.weights[:, 0].tolist() == [0.25] * len(said) and not found.weights[:, 1].any()


def test_lessons_stand_beside_one_another() -> None:
    one = Lessons(HARMS, ["a"], np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
    other = Lessons(HARMS, ["b"], np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))
    both = one.beside(other)
    assert both.texts == ["a", "b"] and both.teaches.all()
    assert both.of(np.array([1])).texts == ["b"]


def test_the_files_of_conf_are_read() -> None:
    options, sentences = load_fine_tuning(), load_sentences()
    assert options.contrast.per_sentence <= min(len(sentences.groups), len(sentences.things))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hateful": ["weeds"]}, "'weeds' has no {group}"),
        ({"objections": ["no"]}, "'no' has no {hateful}"),
        ({"harm": "weeds"}, "'weeds' is none of conf/harms.yaml"),
    ],
)
def test_a_sentence_without_its_place_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    content = yaml.safe_load((CONF / "contrast.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "contrast.yaml"
    path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
    with pytest.raises(ConfRefused) as refused:
        load_sentences(path)
    assert said in str(refused.value)
