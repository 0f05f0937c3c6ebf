"""The search for near hashes finds what it should and nothing else; clusters are stars."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from harmsweep.known_media.near import (
    Pairs,
    bands_needed,
    make_bands,
    near_in_band,
    near_pairs,
    near_pairs_spark,
    stars,
    together,
    unique,
)
from harmsweep.media.pdq import BITS, NEAR, Hashes, distances, is_hash, packed

ZERO = "0" * 64


def hash_of(bits: int) -> str:
    """A hash whose first so many bits are set."""
    return f"{((1 << bits) - 1) << (BITS - bits):064x}"


def random_hashes(count: int, seed: int) -> Hashes:
    random = np.random.default_rng(seed)
    return random.integers(0, 2**64, size=(count, 4), dtype=np.uint64)


def flipped(hashes: Hashes, bits: int, seed: int) -> Hashes:
    """Copies of the hashes, each with so many bits turned at random places."""
    random = np.random.default_rng(seed)
    places = random.permuted(np.tile(np.arange(BITS), (len(hashes), 1)), axis=1)[:, :bits]
    mask: NDArray[np.uint8] = np.zeros((len(hashes), BITS), dtype=np.uint8)
    np.put_along_axis(mask, places, 1, axis=1)
    return hashes ^ np.packbits(mask, axis=1).view(np.uint64)


def found(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def test_the_distance_is_the_number_of_bits_that_differ():
    assert distances(packed([ZERO, ZERO]), packed([hash_of(31), hash_of(256)])).tolist() == [
        31,
        256,
    ]


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 63 + "\n"])
def test_what_is_no_hash_is_told(text: str):
    assert not is_hash(text)
    assert is_hash("a" * 64)


def test_the_number_of_bands_gives_the_recall_that_was_asked():
    hit = math.prod((BITS - NEAR - n) / (BITS - n) for n in range(20))
    needed = bands_needed(20, recall=0.99)
    assert 1 - (1 - hit) ** needed >= 0.99 > 1 - (1 - hit) ** (needed - 1)


def test_few_hashes_are_compared_all_with_all():
    hashes = packed([ZERO, hash_of(31), hash_of(32), hash_of(60)])
    assert found(near_pairs(hashes)) == {(0, 1), (1, 2), (1, 3), (2, 3)}
    assert near_pairs(hashes).distance.tolist() == [31, 1, 29, 28]
    assert found(near_pairs(hashes[:1], hashes)) == {(0, 0), (0, 1)}


def test_bands_find_99_of_100_pairs_at_the_very_limit_and_nothing_farther():
    originals = random_hashes(4000, seed=1)
    for apart, wanted in ((NEAR, 0.99), (NEAR + 1, 0.0)):
        pairs = near_pairs(originals, flipped(originals, apart, seed=2))
        hits = found(pairs)
        assert hits <= {(n, n) for n in range(4000)}
        assert wanted <= len(hits) / 4000 <= (1.0 if wanted else 0.0)


def test_a_search_within_one_set_gives_each_pair_once():
    originals = random_hashes(2000, seed=3)
    both = np.concatenate([originals, flipped(originals, 6, seed=4)])
    pairs = near_pairs(both)
    assert found(pairs) == {(n, n + 2000) for n in range(2000)}
    assert len(pairs.left) == 2000
    assert set(pairs.distance.tolist()) == {6}


def test_a_run_of_many_equal_keys_is_compared_whole():
    hashes = flipped(np.zeros((60, 4), dtype=np.uint64), 2, seed=5)
    parts = [near_in_band(hashes, None, band) for band in make_bands(60)]
    assert len(unique(together(parts), ordered=False).left) == 60 * 59 // 2


def test_a_flood_of_copies_is_one_cluster_without_all_its_pairs():
    flood = np.unique(flipped(np.zeros((3000, 4), dtype=np.uint64), 8, seed=9), axis=0)
    pairs = near_pairs(flood)
    assert len(pairs.left) < 300 * len(flood)  # all pairs are 1,500 for each
    hashes = [row.tobytes().hex() for row in flood]
    centre, apart = stars(hashes, pairs, np.ones(len(flood), dtype=np.int64))
    assert np.bincount(centre).max() > 0.99 * len(flood)
    assert apart.max() <= NEAR


@pytest.mark.spark
def test_spark_finds_the_same_pairs(spark):
    originals = random_hashes(3000, seed=6)
    copies = flipped(originals, 20, seed=7)
    assert found(near_pairs_spark(spark, originals, copies)) == found(near_pairs(originals, copies))
    both = np.concatenate([originals, copies])
    assert found(near_pairs_spark(spark, both)) == found(near_pairs(both))


def test_a_chain_of_near_hashes_is_no_one_cluster():
    hashes = [hash_of(bits) for bits in (0, 30, 60, 90)]
    ones = np.ones(4, dtype=np.int64)
    centre, apart = stars(hashes, near_pairs(packed(hashes)), ones)
    assert centre.tolist() == [1, 1, 1, 3]
    assert apart.tolist() == [30, 0, 30, 0]


def test_the_picture_with_the_most_copies_is_the_centre():
    hashes = [hash_of(bits) for bits in (0, 30, 60, 90)]
    weights = np.array([1, 1, 1, 7], dtype=np.int64)
    centre, _ = stars(hashes, near_pairs(packed(hashes)), weights)
    assert centre.tolist() == [0, 2, 2, 2]


def test_every_member_is_near_its_centre():
    seeds = random_hashes(40, seed=8)
    raw = np.concatenate([flipped(seeds, bits, seed=bits) for bits in range(4, 28, 4)])
    hashes = [row.tobytes().hex() for row in raw]
    centre, apart = stars(hashes, near_pairs(raw), np.ones(len(raw), dtype=np.int64))
    assert distances(raw, raw[centre]).tolist() == apart.tolist()
    assert apart.max() <= NEAR
    assert len(set(centre.tolist())) < len(raw)
