"""PDQ hashes and the search for near ones among many, without comparing all pairs.

Two hashes are near when at most 31 of their 256 bits differ. The search is locality-sensitive
hashing by bit sampling (Indyk and Motwani, STOC 1998): a band is a key of k bits drawn at random,
and only hashes with an equal key in some band are compared. A pair that differs in d bits has an
equal key in one band with probability C(256-d, k) / C(256, k), so that the number of bands follows
from the recall that is wanted. Disjoint bands of 16 bits, the usual short cut, find 0.87 of the
pairs at distance 31.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import Broadcast
from pyspark.sql import SparkSession

from harmsweep.media.pdq import BITS, NEAR, Hashes, Places, distances

RECALL = 0.995
SEED = 20261001
# Below this many comparisons all pairs are compared: exact, and faster than any band.
ALL_PAIRS = 4_000_000
# From this many hashes on, Spark's start is worth it.
SPARK_FROM = 100_000
MOST_AT_ONCE = 1_000_000
# So many copies of one picture are compared all with all, more with the first of them only: all
# pairs of 4,000 variants, which anyone can post, took 6.5 GB.
LONGEST_RUN = 64

Band = NDArray[np.int64]  # the bits of a key, by number


class Pairs(NamedTuple):
    """Near pairs: the place of each one's hashes, and the bits in which they differ."""

    left: Places
    right: Places
    distance: Places


def bands_needed(bits: int, *, distance: int = NEAR, recall: float = RECALL) -> int:
    """How many bands of so many bits find a pair at a distance with this probability."""
    missed = 1 - math.comb(BITS - distance, bits) / math.comb(BITS, bits)
    return max(1, math.ceil(math.log(1 - recall) / math.log(missed)))


def make_bands(hashes: int) -> list[Band]:
    """The bands for a search among so many hashes; the same each time.

    A key has about as many values as there are hashes, so that unrelated ones seldom share one.
    """
    bits = min(max(8, hashes.bit_length()), 24)
    random = np.random.default_rng(SEED)
    return [
        random.choice(BITS, size=bits, replace=False).astype(np.int64)
        for _ in range(bands_needed(bits))
    ]


def keys(hashes: Hashes, band: Band) -> Places:
    """The band's bits of each hash as one number, [n]."""
    found = np.zeros(len(hashes), dtype=np.uint64)
    for bit in band:
        word, shift = divmod(int(bit), 64)
        found = (found << np.uint64(1)) | ((hashes[:, word] >> np.uint64(shift)) & np.uint64(1))
    return found.astype(np.int64)


def near_in_band(left: Hashes, right: Hashes | None, band: Band) -> Pairs:
    """The near pairs that share the band's key: across two sets, or within `left` alone.

    Within one set, a run of equal keys is compared whole up to LONGEST_RUN hashes; of a longer one
    each is compared with the first LONGEST_RUN, which are the same in every band, as by place.
    """
    other = left if right is None else right
    other_keys = keys(other, band)
    order = np.argsort(other_keys, kind="stable")
    ranked = other_keys[order]
    if right is None:
        first, last = np.searchsorted(ranked, ranked, side="left"), np.arange(len(left))
        last = np.minimum(last, first + LONGEST_RUN)
        return _joined(_candidates(order, first, last, order), left, other)
    my_keys = keys(left, band)
    first, last = (np.searchsorted(ranked, my_keys, side=side) for side in ("left", "right"))
    return _joined(_candidates(np.arange(len(left)), first, last, order), left, other)


def _candidates(
    mine: Places, first: Places, last: Places, order: Places
) -> Iterator[tuple[Places, Places]]:
    """Each of `mine` with the others from `first` to before `last`, the n-th of each at a time."""
    at = first
    while len(at):
        inside = at < last
        at, mine, last = at[inside], mine[inside], last[inside]
        yield mine, order[at]
        at = at + 1


def _joined(candidates: Iterable[tuple[Places, Places]], left: Hashes, right: Hashes) -> Pairs:
    found = []
    for mine, others in candidates:
        apart = distances(left[mine], right[others])
        near = apart <= NEAR
        found.append(Pairs(mine[near], others[near], apart[near]))
    return together(found)


def together(parts: Sequence[Pairs]) -> Pairs:
    """All pairs of the parts, in order."""
    empty = np.zeros(0, dtype=np.int64)
    columns = zip(Pairs(empty, empty, empty), *parts, strict=True)
    return Pairs(*(np.concatenate(column) for column in columns))


def unique(pairs: Pairs, *, ordered: bool) -> Pairs:
    """Each pair once; where `ordered` is false, (a, b) and (b, a) are one pair, a < b."""
    left, right = pairs.left, pairs.right
    if not ordered:
        left, right = np.minimum(left, right), np.maximum(left, right)
    both = left * (int(right.max(initial=0)) + 1) + right
    _, first = np.unique(both, return_index=True)
    return Pairs(left[first], right[first], pairs.distance[first])


def near_pairs(left: Hashes, right: Hashes | None = None) -> Pairs:
    """The near pairs across two sets, or within one; exact where there are few.

    Equal hashes are pairs too: give each hash once.
    """
    other = left if right is None else right
    if len(left) * len(other) <= ALL_PAIRS:
        return _all_pairs(left, right)
    found = together([])
    for band in make_bands(max(len(left), len(other))):
        both = together([found, near_in_band(left, right, band)])
        found = unique(both, ordered=right is not None)
    return found


def _all_pairs(left: Hashes, right: Hashes | None) -> Pairs:
    other = left if right is None else right
    step = max(1, MOST_AT_ONCE // max(1, len(other)))
    found = []
    for start in range(0, len(left), step):
        apart = distances(left[start : start + step, None, :], other[None, :, :])
        rows, columns = np.nonzero(apart <= NEAR)
        keep = rows + start < columns if right is None else np.ones(len(rows), dtype=bool)
        rows, columns = rows[keep], columns[keep]
        found.append(Pairs(rows + start, columns, apart[rows, columns]))
    return together(found)


_SCHEMA = "left long, right long, distance long"
_Sets = tuple[Hashes, Hashes | None]


def near_pairs_spark(spark: SparkSession, left: Hashes, right: Hashes | None = None) -> Pairs:
    """`near_pairs` with a task for each band; the hashes, 32 MB a million, are broadcast."""
    bands = make_bands(max(len(left), 0 if right is None else len(right)))
    sets: Broadcast[_Sets] = spark.sparkContext.broadcast((left, right))
    try:
        numbers = spark.range(len(bands), numPartitions=len(bands))
        search = partial(_search_bands, sets=sets, bands=bands)
        found = numbers.mapInArrow(search, _SCHEMA).distinct().toArrow()
    finally:
        sets.destroy()
    columns = (found.column(n).to_numpy() for n in Pairs._fields)
    return unique(Pairs(*columns), ordered=right is not None)


def _search_bands(
    batches: Iterator[pa.RecordBatch], *, sets: "Broadcast[_Sets]", bands: Sequence[Band]
) -> Iterator[pa.RecordBatch]:
    left, right = sets.value
    for batch in batches:
        for number in batch.column(0).to_pylist():
            pairs = near_in_band(left, right, bands[number])
            if right is None:
                pairs = unique(pairs, ordered=False)
            yield pa.RecordBatch.from_arrays([*map(pa.array, pairs)], names=list(Pairs._fields))


def stars(hashes: Sequence[str], pairs: Pairs, weights: Places) -> tuple[Places, Places]:
    """The centre of each hash's cluster and the distance to it, [n] and [n].

    Greedy: the hash with the most near ones (by `weights`, how many files have each hash; ties by
    hash) takes all near it that are still free, then the next. Every member is so within 31 bits
    of its centre, and a chain of near ones never becomes one cluster.
    """
    near = _neighbours(len(hashes), pairs)
    degree = weights.astype(np.int64).copy()
    np.add.at(degree, pairs.left, weights[pairs.right])
    np.add.at(degree, pairs.right, weights[pairs.left])
    centre = np.full(len(hashes), -1, dtype=np.int64)
    apart = np.zeros(len(hashes), dtype=np.int64)
    for place in sorted(range(len(hashes)), key=lambda n: (-degree[n], hashes[n])):
        if centre[place] >= 0:
            continue
        centre[place] = place
        others, distance = near(place)
        free = centre[others] < 0
        centre[others[free]], apart[others[free]] = place, distance[free]
    return centre, apart


def _neighbours(count: int, pairs: Pairs) -> Callable[[int], tuple[Places, Places]]:
    """A function that gives a place's near ones and their distances."""
    ends = np.concatenate([pairs.left, pairs.right])
    others = np.concatenate([pairs.right, pairs.left])
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(count + 1))
    others, apart = others[order], np.concatenate([pairs.distance, pairs.distance])[order]

    def near(place: int) -> tuple[Places, Places]:
        found = slice(starts[place], starts[place + 1])
        return others[found], apart[found]

    return near
