"""The stage embed on literal rows: what is embedded, once, and what is said of what is not."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from harmsweep.encoders.conf import INPUTS, declared_encoders, load_encoders
from harmsweep.encoders.ngrams import ngram_vectors
from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.encoders.stored import matrix_of, mean
from harmsweep.lake import delta
from harmsweep.lake.portions import Portion
from harmsweep.lake.runs import Outcome
from harmsweep.model.text_windows import BOUNDED, as_read, packed
from harmsweep.model.windows import NAME as WINDOWS
from harmsweep.model.windows import NUMBERS
from harmsweep.stages.embed.requests import post_inputs
from harmsweep.stages.embed.stage import embed_day
from harmsweep.tables.catalog import AUTHOR_VECTORS, EMBEDDINGS, POST_VECTORS
from harmsweep.tables.spec import Table

pytestmark = [pytest.mark.spark, pytest.mark.torch]

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
# One encoder for all texts, whichever profile conf names for those of posts.
MINILM = declared_encoders()["minilm-l6-v2"]
ENCODERS = load_encoders() | {"text": MINILM}
NAMES = ("text", "raw_text", "media_text", "image")
TEXT, RAW, READ, IMAGE = (ENCODERS[name].encoder_id for name in NAMES)
Fill = Callable[..., None]
Embed = Callable[..., Outcome]


@pytest.fixture
def embed(spark: SparkSession, lake: Path, tmp_path: Path) -> Embed:
    return partial(embed_day, lambda: spark, lake, media_root=tmp_path, encoders=ENCODERS)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two pictures, a copy of the first under another name, and one that is cut."""
    Image.linear_gradient("L").save(tmp_path / "ramp.png")
    Image.radial_gradient("L").save(tmp_path / "disc.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "ramp.png").read_bytes())
    (tmp_path / "cut.png").write_bytes((tmp_path / "disc.png").read_bytes()[:900])
    return tmp_path


def rows(table: Table, lake: Path, day: date, *key: str) -> dict[Any, dict[str, Any]]:
    found = delta.rows(table, lake, day=day).to_pylist()
    return {tuple(r[k] for k in key): r for r in found}


def test_a_day_is_embedded_once_and_the_next_finds_what_it_computed(
    fill: Fill, embed: Embed, lake: Path, pictures: Path
) -> None:
    fill(
        FIRST,
        {"p1": "the lake", "p2": "the lake", "p3": "  ", "p4": "a p0et"},
        {"p1": ["ramp.png", "disc.png"], "p2": ["copy.png"], "p3": ["cut.png", "ramp.png"]},
        {"a1": "the lake", "a2": "a poet", "a3": ""},
        normal={"p4": "a poet"},
        read={"ramp.png": "the lake"},
    )
    outcome = embed(FIRST)

    cached = rows(EMBEDDINGS, lake, FIRST, "input_hash", "encoder_id")
    assert sorted(encoder for _, encoder in cached) == sorted([TEXT] * 3 + [IMAGE] * 2)
    assert (outcome.items, outcome.counts["embedded"]) == (4, 5)
    # Two Python workers at most, each with a text and an image encoder.
    assert 2 <= outcome.counts["model_loads"] <= 4

    vectors = rows(POST_VECTORS, lake, FIRST, "post_id", "encoder_id")
    with_media = {(post, encoder) for post in ("p1", "p2", "p3") for encoder in (IMAGE, READ)}
    with_text = {(post, TEXT) for post in ("p1", "p2", "p4")}
    assert set(vectors) == with_media | with_text | {("p4", RAW)}
    assert vectors["p1", TEXT]["vector"] == vectors["p2", TEXT]["vector"]
    assert vectors["p1", TEXT]["vector"] == vectors["p3", READ]["vector"]
    assert vectors["p4", TEXT]["vector"] != vectors["p4", RAW]["vector"]
    assert {encoder: v["input"] for (_, encoder), v in vectors.items()} == {
        TEXT: "text", RAW: "raw_text", READ: "media_text", IMAGE: "image"
    }  # fmt: skip
    assert len(vectors["p1", TEXT]["vector"]) == 2 * 384
    by_hash = [r["vector"] for r in cached.values() if r["encoder_id"] == IMAGE]
    assert vectors["p1", IMAGE]["vector"] in {mean(by_hash), mean(by_hash[::-1])}
    assert vectors["p1", IMAGE]["inputs"] == 2
    assert vectors["p3", IMAGE]["status"] == "partial"
    assert vectors["p3", IMAGE]["vector"] == vectors["p2", IMAGE]["vector"]

    authors = rows(AUTHOR_VECTORS, lake, FIRST, "author_id")
    assert set(authors) == {("a1",), ("a2",)}
    assert authors["a1",]["vector"] == vectors["p1", TEXT]["vector"]
    assert authors["a2",]["vector"] == vectors["p4", TEXT]["vector"]

    fill(SECOND, {"q1": "the lake"}, {"q1": ["copy.png"]})
    repeated = embed(SECOND)
    assert (repeated.counts["embedded"], repeated.counts["model_loads"]) == (0, 0)
    assert not rows(EMBEDDINGS, lake, SECOND, "input_hash")
    again = rows(POST_VECTORS, lake, SECOND, "post_id", "encoder_id")
    assert again["q1", TEXT]["vector"] == vectors["p1", TEXT]["vector"]
    assert again["q1", IMAGE]["vector"] == vectors["p2", IMAGE]["vector"]


def test_each_form_of_a_posts_words_and_media_is_an_input_of_its_own(
    spark: SparkSession, fill: Fill, lake: Path, pictures: Path
) -> None:
    Image.new("L", (9, 9)).save(pictures / "small.png")
    Image.new("L", (8, 9)).save(pictures / "unread.png")
    fill(
        FIRST,
        {"p1": "h4te", "p2": "", "p3": ""},
        {"p2": ["disc.png", "small.png", "ramp.png"], "p3": ["clip.mp4", "cut.png", "unread.png"]},
        normal={"p1": "hate"},
        read={"ramp.png": "lake", "disc.png": "the", "small.png": None},
        unread=("unread.png",),
    )
    optional = {n: ENCODERS["text"].model_copy(update={"input": n}) for n in ("video", "caption")}
    found = post_inputs(
        spark, lake, Portion(FIRST), ENCODERS | optional, reader_id=load_ocr_conf().reader_id
    ).collect()
    told = {(r.post_id, r.input, r.position): r.content or r.reason for r in found}
    assert {key: value for key, value in told.items() if key[1] != "image"} == {
        ("p1", "text", 0): "hate",
        ("p1", "raw_text", 0): "h4te",
        ("p1", "caption", 0): "h4te",
        ("p2", "media_text", 0): "the lake",
        ("p2", "media_text", 1): "too small",
        ("p3", "video", 0): "clip.mp4",
        ("p3", "media_text", 2): "the image was not read",
    }
    assert sorted((r.post_id, r.position) for r in found if r.input == "image") == [
        ("p2", 0), ("p2", 1), ("p2", 2), ("p3", 1), ("p3", 2)
    ]  # fmt: skip
    assert {r.input for r in found if r.input_hash is None} == {"media_text", "image"}
    needed = {name: ENCODERS[name] for name in INPUTS}
    plain = post_inputs(spark, lake, Portion(FIRST), needed, reader_id="another-reader")
    assert {r.input for r in plain.collect()} == {"text", "raw_text", "media_text", "image"}


@pytest.mark.nightly
def test_an_unchanged_day_is_skipped_and_an_edited_one_keeps_what_it_needs(
    fill: Fill, embed: Embed, lake: Path
) -> None:
    fill(FIRST, {"p1": "the lake", "p2": "a poet"})
    embed(FIRST)
    before = rows(POST_VECTORS, lake, FIRST, "post_id")
    assert embed(FIRST).skipped

    fill(FIRST, {"p1": "the lake", "p2": "a painter"})
    edited = embed(FIRST)
    assert (edited.skipped, edited.counts["embedded"]) == (False, 1)
    after = rows(POST_VECTORS, lake, FIRST, "post_id")
    assert after["p1",] == before["p1",]
    assert after["p2",]["vector"] != before["p2",]["vector"]

    # Another encoder adds its vectors, of the posts that are left; the first one's stay.
    fill(FIRST, {"p1": "the lake"}, {}, {"a1": "the lake"})
    other = ENCODERS["text"].model_copy(update={"precision": "fp32"})
    chosen = ENCODERS | {"text": other, "description": other}
    assert embed(FIRST, encoders=chosen).counts["embedded"] == 1
    both = rows(POST_VECTORS, lake, FIRST, "post_id", "encoder_id")
    assert set(both) == {("p1", TEXT), ("p1", other.encoder_id)}
    assert both["p1", TEXT] == before["p1",]
    assert set(rows(AUTHOR_VECTORS, lake, FIRST, "encoder_id")) == {(other.encoder_id,)}


@pytest.mark.nightly
def test_a_backfilled_day_finds_what_a_later_day_computed(
    fill: Fill, embed: Embed, lake: Path
) -> None:
    fill(SECOND, {"q1": "the lake"})
    embed(SECOND)
    fill(FIRST, {"p1": "the lake"})
    assert embed(FIRST).counts["embedded"] == 0
    assert set(rows(POST_VECTORS, lake, FIRST, "post_id")) == {("p1",)}


def test_media_without_a_vector_have_a_status_and_a_reason(
    fill: Fill, embed: Embed, lake: Path, pictures: Path
) -> None:
    fill(
        FIRST,
        {"cut": "", "gone": "", "changed": ""},
        {"cut": ["cut.png"], "gone": ["ramp.png"], "changed": ["disc.png"]},
    )
    (pictures / "ramp.png").unlink()
    (pictures / "disc.png").write_bytes((pictures / "copy.png").read_bytes())
    assert embed(FIRST).counts["not_ok"] == 3

    found = rows(POST_VECTORS, lake, FIRST, "post_id", "input")
    vectors = {(post,): row for (post, name), row in found.items() if name == "image"}
    assert {r["status"] for r in vectors.values()} == {"undecodable"}
    assert {r["vector"] for r in vectors.values()} == {None}
    assert "truncated or damaged" in vectors["cut",]["reason"]
    assert "gone or changed" in vectors["gone",]["reason"]
    # A hash whose file is gone or changed is not cached: the picture may come again, whole.
    assert not rows(EMBEDDINGS, lake, FIRST, "input_hash")


def test_sentences_are_windows_that_stand_side_by_side_with_their_numbers(
    fill: Fill, embed: Embed, lake: Path
) -> None:
    first, second = (
        "The weather in the hills was fine today, my friends!",
        "We baked two loaves of bread for the fair on Monday.",
    )
    many = " ".join(f"Sentence {n} of a long list of them is here." for n in range(100))
    fill(FIRST, {"p1": f"{first} {second}", "p2": first, "p3": second, "p4": many})
    embed(FIRST)
    vectors = rows(POST_VECTORS, lake, FIRST, "post_id", "input")
    assert {post for post, name in vectors if name == WINDOWS} == {"p1", "p4"}
    windows = vectors["p1", WINDOWS]
    assert (windows["status"], windows["inputs"]) == ("ok", 2)
    texts = [vectors[post, "text"]["vector"] for post in ("p2", "p3")]
    assert windows["vector"] == packed(texts, [as_read(first), as_read(second)])
    assert (vectors["p4", WINDOWS]["status"], vectors["p4", WINDOWS]["reason"]) == (
        "partial",
        BOUNDED,
    )
    assert embed(FIRST).skipped


def test_a_text_and_its_windows_end_with_their_ngrams(fill: Fill, embed: Embed, lake: Path) -> None:
    beside = declared_encoders()["minilm-ngrams"]
    said = (
        "You won a prize today.",
        "We baked two loaves of bread for the fair on Monday at noon.",
    )
    fill(FIRST, {"p1": " ".join(said), "p2": "the lake"}, {}, {"a1": "the lake"})
    embed(FIRST, encoders=ENCODERS | {"text": beside})
    vectors = rows(POST_VECTORS, lake, FIRST, "post_id", "input")
    whole, windows = (vectors["p1", name]["vector"] for name in ("text", WINDOWS))
    one = 2 * (beside.width + len(NUMBERS))
    assert (len(whole), len(windows)) == (2 * beside.width, 2 * one)
    end = slice(2 * (beside.width - beside.ngrams), 2 * beside.width)
    halved = ngram_vectors([as_read(" ".join(said)), as_read(said[0])], beside.ngrams) / 2**0.5
    ends = matrix_of([whole[end], windows[end]], beside.ngrams)
    np.testing.assert_allclose(ends, halved, atol=1e-3)
    # A description stays without.
    (author,) = rows(AUTHOR_VECTORS, lake, FIRST, "author_id").values()
    assert len(author["vector"]) == 2 * MINILM.width


def test_a_text_of_mostly_unknown_words_says_so(fill: Fill, embed: Embed, lake: Path) -> None:
    unknown = "\u1200\u1208 \u12a0\u1290 \u1233\u1290"
    fill(FIRST, {"p1": f"{unknown} hi", "p2": f"{unknown} hi there you all", "p3": "hi \U0001f525"})
    embed(FIRST)
    told = {key: (r["status"], r["reason"]) for key, r in _texts(lake).items()}
    assert told == {
        "p1": ("partial", "most of its words are unknown to the encoder"),
        "p2": ("ok", None),
        "p3": ("ok", None),
    }


def _texts(lake: Path) -> dict[str, dict[str, Any]]:
    found = rows(POST_VECTORS, lake, FIRST, "post_id", "input")
    return {post: row for (post, name), row in found.items() if name == "text"}
