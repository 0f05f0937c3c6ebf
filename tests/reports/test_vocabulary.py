"""Every status that a page can show has one word, which is its table's, and a meaning."""

import re

import pytest

from harmsweep.reports.against_labels import OUTCOMES
from harmsweep.reports.vocabulary import STATUSES
from harmsweep.tables.catalog import (
    MEDIA,
    MEDIA_MATCHES,
    MEDIA_TEXTS,
    POST_VECTORS,
    POSTS,
    REJECTS,
    SCORES,
)
from harmsweep.tables.spec import Table

SHOWN = (POSTS, REJECTS, SCORES, MEDIA, MEDIA_TEXTS, POST_VECTORS, MEDIA_MATCHES)


@pytest.mark.parametrize("table", SHOWN, ids=lambda table: table.name)
def test_every_status_of_a_table_that_is_shown_has_a_meaning(table: Table) -> None:
    known = re.findall(r"'(\w+)'", table.constraints["status_known"])
    assert known and set(known) <= STATUSES.keys()


def test_every_outcome_of_a_label_has_a_meaning() -> None:
    assert set(OUTCOMES) <= STATUSES.keys()
