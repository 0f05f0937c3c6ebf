"""What is known of labels, and labels from what people do: their verdicts and their reports.

`agreement` says how far annotators agree, `errors` which labels deserve a second look; the stage
itself writes labels of the sources `reviews` and `reports`.
"""

from harmsweep.label.stage import label_day

__all__ = ["label_day"]
