"""A sweep's id: plain Python."""

from dataclasses import replace
from datetime import date

from one_scope import sweep


def test_a_sweeps_id_is_the_same_again_and_another_for_a_repeat():
    assert sweep(1).sweep_id == replace(sweep(1), at=5, operator="other").sweep_id
    assert sweep(1).sweep_id.startswith("20261001-")
    others = [sweep(2), sweep(1, "undo"), sweep(1, subject=("m-2", "p-1"))]
    others.append(replace(sweep(1), day=date(2026, 10, 2)))
    assert len({s.sweep_id for s in [sweep(1), *others]}) == 5
