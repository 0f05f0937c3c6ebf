"""Made-up accounts and interactions, marked simulated; no claim of quality rests on them.

The simulator sees neither labels nor what a post says: nothing that it makes can tell harmful posts
from others, so no feature made from it can leak a label.
"""

from harmsweep.simulate.accounts import ORIGIN, accounts
from harmsweep.simulate.interactions import write_interactions

__all__ = ["ORIGIN", "accounts", "write_interactions"]
