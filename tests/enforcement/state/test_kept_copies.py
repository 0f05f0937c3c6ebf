"""Copies are told by what a reviewer saw, whatever the author did to the judged post since."""

from datetime import date
from typing import Any

import pytest

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.fingerprints import Content, MediaFingerprint
from harmsweep.enforcement.state.copies import find_copies, verdicts
from harmsweep.lake import writes
from harmsweep.review import verdicts as said
from harmsweep.tables.catalog import MEDIA, VERDICTS

DAY = date(2026, 10, 1)
TEXT = "one two three four five"
PDQ = "f" * 64


class Copied:
    """Two posts of the swept lake that say the same: `first`, which is judged, and `copy`."""

    def __init__(self, lake: Any, rows: Any, text_of: Any) -> None:
        self.lake, self.text_of = lake, text_of
        self.post, self.scored = rows
        self.put(self.post("first"), text_of("first", TEXT))

    def put(self, *first: dict[str, Any]) -> None:
        """Make these the rows of `first`: of posts, then of features if it has any."""
        posts = [row for row in first if "sequence" in row]
        shown = [row for row in first if "normal_text" in row]
        self.lake.put_posts([*posts, self.post("copy")])
        self.lake.put_features([*shown, self.text_of("copy", f"{TEXT}!")])

    def delete(self) -> None:
        self.put(self.post("first", 1, "superseded"), self.post("first", 2, "deleted"))

    def edit(self, text: str) -> None:
        edited = self.post("first", 2), self.text_of("first", text, 2)
        self.put(self.post("first", 1, "superseded"), *edited)

    def judge(self, found: str, *reviewers: str, action: str | None = None) -> None:
        for name in reviewers:
            scope = {"day": DAY, "post_id": "first", "revision": 1}
            row = said.verdict_row(self.lake.root, scope, found, "hate", "seen")
            row |= {"reviewer": name, "action": action}
            writes.write_rows([row], VERDICTS, self.lake.root)

    def swept(self) -> dict[str, str]:
        self.lake.sweep()
        return {name: a for name, a in self.lake.states().items() if name in ("first", "copy")}


@pytest.fixture
def copied(held, rows, text_of) -> Copied:
    return Copied(held, rows, text_of)


def test_deleting_the_judged_post_frees_no_copy(copied):
    copied.judge("harmful", "ann", "bob", action="remove")
    assert copied.swept() == {"first": "remove", "copy": "remove"}
    copied.delete()
    assert copied.swept()["copy"] == "remove"


def test_editing_the_judged_post_frees_no_copy(copied):
    copied.judge("harmful", "ann", "bob", action="remove")
    copied.swept()
    copied.edit("nothing to see")
    assert copied.swept()["copy"] == "remove"


def test_what_a_benign_verdict_freed_stays_free_when_the_judged_post_is_gone(copied):
    copied.lake.put_scores([copied.scored(name, hate=0.99) for name in ("first", "copy")])
    assert copied.swept() == {"first": "remove", "copy": "remove"}
    copied.judge("benign", "ann")
    assert copied.swept() == {}
    copied.delete()
    assert copied.swept() == {}


def test_a_judged_post_is_no_copy_of_what_it_was_before_its_edit(copied):
    copied.judge("benign", "ann")
    copied.edit(f"{TEXT}...")
    found = find_copies(
        copied.lake.root, DAY, verdicts(copied.lake.root, DAY, DAY), load_bounds().copies
    )
    assert found.keys() == {"copy"}


def test_a_post_edited_into_a_copy_keeps_what_its_own_reviewer_asked_for(copied, rows):
    post, _ = rows
    copied.judge("harmful", "ann", action="remove")
    copied.edit("six words that another post says")
    names = {"day": DAY, "post_id": "other", "revision": 1}
    copied.lake.put_posts([post("first", 1, "superseded"), post("first", 2), post("other")])
    shown = [copied.text_of(*row) for row in (("first", "five words that it says", 2),
                                              ("other", "five words that it says"))]  # fmt: skip
    copied.lake.put_features(shown)
    for name in ("bob", "cat"):
        row = said.verdict_row(copied.lake.root, names, "harmful", "hate", "seen")
        row |= {"reviewer": name, "action": "label"}
        writes.write_rows([row], VERDICTS, copied.lake.root)
    assert copied.swept() == {"first": "remove"}


def test_a_verdict_keeps_a_digest_and_hashes_and_no_words(copied):
    empty = {field.name: None for field in MEDIA.schema}
    known = {"day": DAY, "post_id": "first", "revision": 1, "uri": "u", "status": "ok"}
    shown = [
        empty | known | {"position": n, "kind": kind, "content_hash": kind, "pdq": [PDQ],
                         "pdq_quality": quality}
        for n, (kind, quality) in enumerate([("image", 100), ("image", 49), ("video", 100)])
    ]  # fmt: skip
    writes.write_rows(shown, MEDIA, copied.lake.root, where={"day": DAY})
    row = said.decide(copied.lake.root, "first", "harmful", harm="hate", rationale="seen")
    assert TEXT not in str(row)
    (found,) = verdicts(copied.lake.root, DAY, DAY)
    assert found.content is not None
    assert found.content == Content(
        row["text_digest"],
        5,
        (
            MediaFingerprint("image", PDQ),
            MediaFingerprint("image", None),
            MediaFingerprint("video", None),
        ),
    )


def test_a_post_that_features_has_not_seen_has_no_content_until_it_has(copied):
    copied.put(copied.post("first"))
    copied.judge("harmful", "ann", action="remove")
    (found,) = verdicts(copied.lake.root, DAY, DAY)
    assert found.content is None
    copied.put(copied.post("first"), copied.text_of("first", TEXT))
    copied.judge("harmful", "bob", action="remove")
    assert copied.swept() == {"first": "remove", "copy": "remove"}
    copied.delete()
    assert copied.swept()["copy"] == "remove"


def test_of_an_older_verdict_without_content_only_the_judged_revision_has_copies(copied):
    copied.put(copied.post("first"))
    copied.judge("harmful", "ann", "bob", action="remove")
    copied.edit(TEXT)
    found = find_copies(
        copied.lake.root, DAY, verdicts(copied.lake.root, DAY, DAY), load_bounds().copies
    )
    assert found == {}
