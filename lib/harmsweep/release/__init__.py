"""Release a model: gates against the champion, the registry's alias, the card."""

from harmsweep.release.gates import Gate
from harmsweep.release.promote import PromotionRefused, promote

__all__ = ["Gate", "PromotionRefused", "promote"]
