"""Find how a model grows with its training posts, and what it says of groups that it never saw.

Run with the trainer's own Python. Prints one line of JSON: the path of what was found.
"""

import argparse
import json
import warnings
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.paths import CONF
from harmsweep.training.experiments.learning_curve import learning

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each share (default: 3)")
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    options = vars(parser.parse_args())
    # petastorm 0.13.1 calls interfaces that pyarrow 14 still has and says so at every row group.
    warnings.simplefilter("ignore", FutureWarning)
    finish(lambda: [json.dumps({"learning": str(learning(**options))})], parser.prog)
