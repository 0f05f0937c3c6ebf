"""Plans: what a sweep of some days would do, written down, approved, and carried out exactly.

A plan compares two states of each place: what holds there by the sweeps so far, or what another
pair of versions would make of it, and what the plan's own pair wants.
"""

from harmsweep.enforce.plans.apply import apply_plan
from harmsweep.enforce.plans.make import make_plan
from harmsweep.enforce.plans.plan import Plan, find_plan, mandate_of, planned_effects

__all__ = ["Plan", "apply_plan", "find_plan", "make_plan", "mandate_of", "planned_effects"]
