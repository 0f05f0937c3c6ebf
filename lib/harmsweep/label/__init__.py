"""What is known of labels, and labels from what people do: reports, by the record of who reports.

`agreement` says how far annotators agree, `errors` which labels deserve a second look; the stage
itself writes labels of the source `reports`.
"""

from harmsweep.label.stage import label_day

__all__ = ["label_day"]
