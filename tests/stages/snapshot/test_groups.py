"""Which groups are joined: by an author, a near-copy, a picture, a domain, a phone number."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import builders
import numpy as np
import pytest
from builders import row
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from harmsweep.stages.snapshot.groups import Joining, join_groups
from harmsweep.stages.snapshot.shared_keys import COMMON_LEAST
from harmsweep.tables.catalog import MEDIA, POST_FEATURES

pytestmark = pytest.mark.spark
SPAM = "you have won a prize of £1000, call now to claim it before the offer ends, code"
HASH = "0f" * 32
GROUPED = T.StructType([*POST_FEATURES.schema, T.StructField("text", T.StringType())]).add(
    "own_group", "string"
)


def post(name: str, text: str = "", **columns: Any) -> dict[str, Any]:
    """A post of a group and an author of its own, unless it says otherwise."""
    known = {"post_id": name, "author_id": name, "author_origin": "native", "clean_text": text}
    known |= {"normal_text": text} | columns
    return builders.features(**known) | {"text": text, "own_group": known["post_id"]}


def medium(name: str, **columns: Any) -> dict[str, Any]:
    known = {"post_id": name, "content_hash": name, "pdq": [HASH], "pdq_quality": 100}
    return row(MEDIA, **known | columns) | {"own_group": name}


def joining(
    spark: SparkSession, posts: Sequence[dict[str, Any]], media: Sequence[dict[str, Any]] = ()
) -> Joining:
    of_posts = spark.createDataFrame(list(posts), GROUPED)
    with_group = T.StructType([*MEDIA.schema]).add("own_group", "string")
    return join_groups(of_posts, spark.createDataFrame(list(media), with_group))


def sets(found: Joining) -> dict[str, set[str]]:
    """The split groups of several groups, by name."""
    groups: dict[str, set[str]] = {}
    for one in found.groups.collect():
        groups.setdefault(one.split_group, set()).add(one.own_group)
    return {name: members for name, members in groups.items() if len(members) > 1}


def near(bits: int) -> str:
    """The hash with so many bits turned."""
    return f"{int(HASH, 16) ^ ((1 << bits) - 1):064x}"


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Joining:
    """One pair of each kind, and beside it what is not shared."""
    posts = [
        post("writer-1", author_id="w"),
        post("writer-2", author_id="w"),
        post("assigned", author_id="w", author_origin="assigned"),
        post("text-1", f"{SPAM} KL341"),
        post("text-2", f"{SPAM.upper()} ZX9"),
        post("text-short-1", "happy new year"),
        post("text-short-2", "happy new year"),
        post("domain-1", "see https://a.shop.example.co.uk/x"),
        post("domain-2", "or www.example.co.uk"),
        post("domain-suffix", "or www.other.co.uk"),
        post("phone-1", "ring +44 (0)1632 960-123 today"),
        post("phone-2", "01632960123"),
        post("phone-other", "01632960124"),
        post("phone-date-1", "on 2026-10-01 12:30"),
        post("phone-date-2", "at 2026-10-01 12:30"),
        *map(post, ("picture-1", "picture-2", "picture-far", "picture-plain", "picture-broken")),
        *map(post, ("video-1", "video-2", "video-frame")),
    ]
    media = [
        medium("picture-1"),
        medium("picture-2", pdq=["ff" * 32, near(31)]),
        medium("picture-far", pdq=[near(66)]),
        medium("picture-plain", pdq_quality=49),
        medium("picture-broken", status="undecodable"),
        medium("video-1", kind="video", content_hash="c" * 64, pdq=None),
        medium("video-2", kind="video", content_hash="c" * 64, pdq=None),
        medium("video-frame", kind="video"),
    ]
    return joining(spark, posts, media)


@pytest.mark.parametrize("kind", ["writer", "text", "domain", "phone", "picture", "video"])
def test_two_groups_that_share_a_key_are_one(found: Joining, kind: str) -> None:
    assert sets(found)[f"{kind}-1"] == {f"{kind}-1", f"{kind}-2"}


def test_no_others_are_joined(found: Joining) -> None:
    assert len(sets(found)) == 6 and found.largest == 2


def test_each_kind_is_counted(found: Joining) -> None:
    counts = {"author": 2, "text": 2, "domain": 2, "phone": 2, "picture": 4}
    assert found.joined == counts and found.common == {}


def test_a_chain_is_one_group_named_by_its_earliest_post(spark: SparkSession) -> None:
    posts = [
        post("a", author_id="x", day=date(2026, 10, 3)),
        post("b", "see www.example.org", author_id="x", day=date(2026, 10, 2)),
        post("c", "see http://example.org", day=date(2026, 10, 1)),
        post("d", day=date(2026, 10, 1)),
    ]
    joined = joining(spark, posts)
    assert sets(joined) == {"c": {"a", "b", "c"}}
    assert joined.joined["author"] == joined.joined["domain"] == 2 and joined.largest == 3


def test_a_later_post_leaves_a_group_its_name(spark: SparkSession) -> None:
    posts = [post(name, author_id="x", day=date(2026, 10, 2)) for name in ("b", "c")]
    later = post("a", author_id="x", day=date(2026, 10, 3))
    assert sets(joining(spark, [later, *posts])).keys() == {"b"}


def test_what_everybody_shares_joins_nobody(spark: SparkSession) -> None:
    many = range(COMMON_LEAST + 1)
    posts = [post(f"d{n}", "www.example.org") for n in many]
    posts += [post(f"e{n}", "www.example.com") for n in many[1:]]
    posts += [post(f"p{n}", "01632 960123") for n in many]
    posts += [post(f"m{n}") for n in many]
    # An author is one person, and their posts one group, however many they are.
    posts += [post(f"a{n}", author_id="x") for n in many]
    joined = joining(spark, posts, [medium(f"m{n}") for n in many])
    assert joined.common == {"domain": 1, "phone": 1, "picture": 1}
    assert {len(members) for members in sets(joined).values()} == {COMMON_LEAST, len(many)}
    assert joined.joined["domain"] == COMMON_LEAST and joined.joined["picture"] == 0


def test_the_order_of_the_posts_changes_nothing(spark: SparkSession) -> None:
    random = np.random.default_rng(5)
    posts = [
        post(f"p{n:02}", f"www.example{random.integers(20)}.org", author_id=f"a{n % 17}")
        for n in range(40)
    ]
    first, second = joining(spark, posts), joining(spark, posts[::-1])
    assert sorted(first.groups.collect()) == sorted(second.groups.collect())
    assert first.joined == second.joined and first.largest == second.largest
