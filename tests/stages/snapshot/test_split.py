"""Groups to parts: whole, repeatable, both classes on each side where groups allow it."""

from harmsweep.model.conf import Split
from harmsweep.stages.snapshot.split import Group, part_by_hash, parts_by_balance

SPLIT = Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=100)


def group(name: str, positives: int, negatives: int) -> Group:
    classes = {"violence=1": positives, "violence=0": negatives}
    return Group(name, "fights", {c: n for c, n in classes.items() if n})


def test_hashed_parts_come_near_their_shares() -> None:
    parts = [part_by_hash(f"g{n}", SPLIT) for n in range(4000)]
    assert abs(parts.count("train") / 4000 - 0.5) < 0.03
    assert abs(parts.count("test") / 4000 - 0.2) < 0.03


def test_another_seed_is_another_split() -> None:
    other = SPLIT.model_copy(update={"seed": 2})
    names = [f"g{n}" for n in range(50)]
    assert [part_by_hash(n, SPLIT) for n in names] != [part_by_hash(n, other) for n in names]


def test_each_part_has_both_classes_where_the_groups_allow_it() -> None:
    # The shape of the real events: one huge group, and negatives in three groups of thirteen.
    groups = [group("huge", 316, 1004), group("big", 218, 0), group("mixed", 123, 53)]
    groups += [group("one", 0, 1)] + [group(f"small{n}", 20 + n, 0) for n in range(9)]
    parts = parts_by_balance(groups, SPLIT)
    assert parts["huge"] == "train" and parts["mixed"] == "test" and parts["one"] == "validation"
    assert "certify" not in parts.values()
    positives = dict.fromkeys(("train", "validation", "test"), 0)
    for g in groups:
        positives[parts[g.name]] += g.classes.get("violence=1", 0)
    assert min(positives.values()) > 0


def test_the_order_of_the_groups_changes_nothing() -> None:
    groups = [group(f"g{n}", n % 3, n % 2 + 1) for n in range(20)]
    assert parts_by_balance(groups, SPLIT) == parts_by_balance(groups[::-1], SPLIT)


def test_two_groups_leave_no_group_out() -> None:
    parts = parts_by_balance([group("a", 1, 1), group("b", 1, 1)], SPLIT)
    assert parts.keys() == {"a", "b"} and "train" in parts.values()
