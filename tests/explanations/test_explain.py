"""What the stage says of real posts with the model that ships, checked by code of its own."""

import json
from datetime import date
from functools import partial

import numpy as np
import pytest

from harmsweep.cli.main import app
from harmsweep.errors import DataRefused
from harmsweep.explanations.statement import Statement
from harmsweep.lake import delta
from harmsweep.model.reference import load_model_ref
from harmsweep.operations.switch import Stopped, stop
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.stages.explain import explain_few
from harmsweep.tables.catalog import ESCALATIONS, EXPLANATIONS, POSTS

pytestmark = [pytest.mark.torch, pytest.mark.slow]
DAY = date(2026, 10, 1)


def score_of(text, row, harm, whole):
    """The harm's score of a text as the line has it: cleaned, undisguised, embedded, fused."""
    from harmsweep.encoders import text as texts
    from harmsweep.encoders.conf import load_encoders
    from harmsweep.encoders.device import choose_device
    from harmsweep.encoders.loading import load_model
    from harmsweep.encoders.stored import stored
    from harmsweep.model.network import load_heads, score_columns
    from harmsweep.model.text_windows import as_read, embedded_windows, numbers_of, of_normal
    from harmsweep.text.cleaning import clean
    from harmsweep.text.disguise import normalise

    manifest, heads = load_heads(DEFAULT_MODEL)
    now = clean(text)
    said = {"text": as_read(normalise(now)), "raw_text": now if now != normalise(now) else ""}
    numbers = json.loads(row["numbers"])
    counted, then = (numbers_of(t) | of_normal(normalise(t)) for t in (now, whole))
    for name in counted:
        numbers[name] = counted[name] if name.endswith("_share") else (
            numbers[name] + counted[name] - then[name]
        )  # fmt: skip
    columns = {f.name: np.array([numbers.get(f.name, np.nan)], float) for f in manifest.features}
    for source in manifest.inputs:
        vector = np.zeros((1, source.width), np.float32)
        if said.get(source.name, "").strip():
            encoder = load_encoders()[source.name]
            model = load_model(encoder.model_dump_json(), choose_device())
            vector = texts.embed(model, [said[source.name]]).vectors.astype(np.float16)
        columns[f"{source.name}_vector"] = vector.astype(np.float32)
        columns[f"{source.name}_present"] = np.array([bool(said.get(source.name, "").strip())])
    if manifest.windows is not None:
        encoder = load_encoders()["text"]
        model = load_model(encoder.model_dump_json(), choose_device())
        values = embedded_windows(
            [said["text"]], lambda windows: stored(texts.embed(model, windows).vectors)
        )
        columns[f"{manifest.windows.name}_vector"] = np.array([*values, None], object)[:-1]
    return score_columns(manifest, heads, columns)[0, manifest.harms.index(harm)]


def test_what_is_shown_flips_the_decision_and_says_no_word(acted, harmful):
    # Links are counted in the original text: those are for a test of their own.
    plain = [found for found in harmful if "http" not in found.text and "@" not in found.text][:6]
    assert len(plain) == 6
    for number, found in enumerate(plain):
        acted.act(found, post=f"p{number}")
    done = acted.run()
    rows = acted.explained()
    assert done.counts["explained"] == 6
    assert done.counts["confirmed"] >= 4
    for number, found in enumerate(plain):
        row = rows[f"p{number}"]
        assert row["status"] in ("confirmed", "general")
        assert json.loads(row["contributions"]).keys() == {"text", "numbers"}
        for part in json.loads(row["evidence"]):
            left = found.text
            for start, end in sorted(part["spans"], reverse=True):
                left = left[:start] + left[end:]
            assert score_of(found.text, found.row, found.harm, found.text) >= 0.7
            assert score_of(left, found.row, found.harm, found.text) < 0.7
            words = [found.text[start:end] for start, end in part["spans"]]
            assert not [w for w in words if len(w) > 6 and w in row["notice"] + row["evidence"]]
        Statement.model_validate_json(row["statement"])


def test_a_first_look_explains_a_post_of_each_of_a_few_harms_and_leaves_the_rest(acted, harmful):
    by_harm = {found.harm: found for found in harmful}
    chosen = [*list(by_harm.values())[:3], *harmful[:2]]
    for number, found in enumerate(chosen):
        acted.act(found, post=f"p{number}")
    few = partial(explain_few, acted.root, [DAY], model=load_model_ref(DEFAULT_MODEL), most=2)
    first = few()
    rows = acted.explained()
    assert sorted(rows) == first == few() and len(first) == 2
    harms = [acted.entries[post].harm for post in first]
    assert len(set(harms)) == 2
    acted.run()
    assert len(acted.explained()) == len(chosen)


def test_a_second_run_does_nothing_and_a_killed_one_goes_on(acted, harmful, crash_at):
    for number in range(3):
        acted.act(harmful[number], post=f"p{number}")
    crash_at("explanations_v1:after-commit", 2)
    with pytest.raises(KeyboardInterrupt):
        acted.run()
    first = acted.explained()
    assert len(first) == 2
    done = acted.run()
    assert (done.counts["explained"], len(acted.explained())) == (1, 3)
    assert {post: acted.explained()[post] for post in first} == first
    assert acted.run().skipped


def test_where_no_part_flips_it_the_notice_is_general(acted, quotable):
    acted.act(quotable[0], threshold=1e-9)
    acted.run()
    (row,) = acted.explained().values()
    assert (row["status"], row["evidence"]) == ("general", "[]")
    assert "No single part" in row["notice"]
    assert "words of your post" not in row["notice"]


def test_what_does_not_come_out_again_is_not_explained(acted, quotable):
    found = quotable[0]
    acted.act(found, post="lost", kept=False)
    acted.act(found, post="moved", score=float(found.score) - 0.002)
    acted.act(found, post="forged", evidence="0" * 64)
    other = replace_text(found, "A quiet afternoon by the lake.")
    acted.act(other, post="rewritten")
    acted.run()
    statuses = {post: row["status"] for post, row in acted.explained().items()}
    assert statuses == {"lost": "expired", "moved": "not_reproduced",
                        "forged": "expired", "rewritten": "not_reproduced"}  # fmt: skip
    assert all("cannot be shown" in row["notice"] for row in acted.explained().values())
    assert {row["contributions"] for row in acted.explained().values()} == {"{}"}


def replace_text(found, text):
    return type(found)(**vars(found) | {"text": text})


def test_escalated_deleted_and_others_effects_are_left_out(acted, harmful, capsys):
    found = harmful[0]
    acted.act(found, post="escalated")
    acted.put(ESCALATIONS, "escalated")
    acted.act(found, post="deleted")
    delta.stored(acted.root, POSTS.name).update(
        predicate="post_id = 'deleted'", updates={"status": "'deleted'"}
    )
    acted.act(found, post="other", model_version="m000000000000")
    acted.act(found, post="reviewed", action="review")
    done = acted.run()
    assert acted.explained() == {}
    assert (done.counts["escalated"], done.counts["gone"]) == (1, 1)
    with pytest.raises(DataRefused, match="was escalated"):
        app(["explain", "escalated", "--lake", str(acted.root)])
    assert not capsys.readouterr().out


def test_who_only_names_a_group_gets_no_notice_and_is_shown_to_a_person(acted, judged, capsys):
    (praise,) = [found for found in judged if found.text.startswith("Women like you")]
    acted.act(praise, threshold=0.9 * praise.score)
    acted.run()
    (row,) = acted.explained().values()
    (part,) = json.loads(row["evidence"])
    assert [praise.text[start:end] for start, end in part["spans"]] == ["Women"]
    assert (row["status"], row["notice"], row["statement"]) == ("confirmed", "", None)
    app(["explain", "p1", "--lake", str(acted.root)], result_action="return_value")
    assert "no notice: only words for a group" in capsys.readouterr().out


def test_the_console_masks_the_words_until_it_is_told_not_to(acted, quotable, capsys, monkeypatch):
    # The one that is to be had is told of by its word for a group.
    monkeypatch.setattr("harmsweep.stages.explain.is_identity_alone", lambda *_: False)
    acted.act(quotable[0])
    acted.run()
    (row,) = acted.explained().values()
    (part,) = json.loads(row["evidence"])
    words = [quotable[0].text[start:end] for start, end in part["spans"]]
    for options, shown in (([], False), (["--unmask"], True)):
        app(["explain", "p1", *options, "--lake", str(acted.root)], result_action="return_value")
        out = capsys.readouterr().out
        assert all((f"“{word}”" in out) is shown for word in words)
    delta.stored(acted.root, POSTS.name).update(
        predicate="post_id = 'p1'", updates={"revision": "2"}
    )
    with pytest.raises(DataRefused, match="nothing was explained"):
        app(["explain", "p1", "--lake", str(acted.root)])


def test_the_switch_stops_it(acted, harmful):
    acted.act(harmful[0])
    stop(acted.root, "a test")
    with pytest.raises(Stopped):
        acted.run()
    assert delta.rows(EXPLANATIONS, acted.root).num_rows == 0
