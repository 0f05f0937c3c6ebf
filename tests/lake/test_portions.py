"""What a change of a stage's inputs reaches: the posts of a day that it may make anew."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, post, row

from harmsweep.lake import delta, writes
from harmsweep.lake.portions import MOST, Input, Portion, changed_portion
from harmsweep.tables.catalog import ACCOUNT_LABELS, MEDIA, MEDIA_TEXTS, POSTS, USERS
from harmsweep.tables.spec import Table

Add = Callable[[list[dict[str, Any]], Table, Path], None]
READS = (Input(POSTS, before=30), Input(USERS, before=30), Input(MEDIA), Input(MEDIA_TEXTS))
EARLIER = DAY - timedelta(days=3)


class Lake:
    """A day of three posts by two authors, and what was read of it."""

    def __init__(self, root: Path, add_rows: Add) -> None:
        self.root, self._add = root, add_rows
        one, two = post("one", author_id="ann"), post("two", author_id="ann")
        self.add(POSTS, one, two, post("three", author_id="ben"))
        self.since = {source.table.name: delta.version(source.table, root) for source in READS}

    def add(self, table: Table, *rows: dict[str, Any]) -> None:
        self._add([*rows], table, self.root)

    def changed(self, *reads: Input) -> Portion | None:
        return changed_portion(self.root, DAY, reads or READS, since=self.since, versions={})


@pytest.fixture
def known(lake: Path, add_rows: Add) -> Lake:
    return Lake(lake, add_rows)


def test_where_nothing_changed_nobody_is_named(known: Lake) -> None:
    found = known.changed()
    assert found is not None and found.is_empty


def test_an_edit_reaches_its_post_and_the_others_of_its_author(known: Lake) -> None:
    known.add(POSTS, post("one", 2, author_id="ann"))
    assert known.changed() == Portion(DAY, ["one", "two"], ["ann"])


def test_a_row_that_went_counts_as_one_that_came(known: Lake) -> None:
    rows = delta.rows(POSTS, known.root).to_pylist()
    kept = [one for one in rows if one["post_id"] != "three"]
    writes.write_rows(kept, POSTS, known.root, where={"day": DAY})
    assert known.changed() == Portion(DAY, ["three"], ["ben"])


def test_an_author_that_changed_on_another_day_reaches_their_posts_of_the_day(known: Lake) -> None:
    known.add(USERS, row(USERS, day=EARLIER, user_id="ben"))
    assert known.changed() == Portion(DAY, ["three"], ["ben"])


def test_a_change_of_another_day_and_of_others_reaches_nobody(known: Lake) -> None:
    known.add(POSTS, post("old", day=EARLIER, author_id="cleo"))
    found = known.changed()
    assert found is not None and found.is_empty


def test_what_was_read_in_a_picture_reaches_the_posts_that_show_it(known: Lake) -> None:
    known.add(MEDIA, row(MEDIA, post_id="three", content_hash="c1"))
    known.since[MEDIA.name] = delta.version(MEDIA, known.root)
    known.add(MEDIA_TEXTS, row(MEDIA_TEXTS, content_hash="c1"))
    assert known.changed() == Portion(DAY, ["three"], ["ben"])


def test_a_post_that_came_after_its_day_is_always_made_anew(known: Lake) -> None:
    later = DAY + timedelta(days=1)
    known.add(POSTS, post("late", author_id="cleo", recorded_day=later))
    known.since[POSTS.name] = delta.version(POSTS, known.root)
    assert known.changed() == Portion(DAY, ["late"], ["cleo"])


def test_a_table_that_names_no_posts_may_reach_any(known: Lake) -> None:
    known.since[ACCOUNT_LABELS.name] = delta.version(ACCOUNT_LABELS, known.root)
    known.add(ACCOUNT_LABELS, row(ACCOUNT_LABELS, user_id="ben"))
    assert known.changed(Input(ACCOUNT_LABELS)) is None


def test_a_version_whose_files_are_gone_tells_nothing(known: Lake) -> None:
    rows = delta.rows(POSTS, known.root).to_pylist()
    files = [Path(uri) for uri in delta.stored(known.root, POSTS.name).file_uris()]
    writes.write_rows(rows[:2], POSTS, known.root, where={"day": DAY})
    for file in files:
        file.unlink()
    assert known.changed() is None


def test_an_id_may_be_any_text(known: Lake) -> None:
    known.add(POSTS, post("it's", author_id="cleo"))
    assert known.changed() == Portion(DAY, ["it's"], ["cleo"])


def test_more_posts_than_are_worth_naming_make_the_whole_day(known: Lake) -> None:
    known.add(POSTS, *(post(f"new-{n}", author_id="cleo") for n in range(MOST + 1)))
    assert known.changed() is None
