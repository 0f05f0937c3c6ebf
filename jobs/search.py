"""Search for better options of the fit within a budget; run with the trainer's own Python.

Prints one line of JSON: trials, the lowest validation loss, the first trial's (what conf has), and
the options, for the section `fit` of conf/training.yaml. Run again, it goes on.
"""

import argparse
import json
import warnings
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.paths import CONF
from harmsweep.training.experiments.search import search

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    parser.add_argument("--minutes", type=float, default=10, help="budget (default: 10)")
    parser.add_argument("--trials", type=int, help="in all, those of earlier calls too")
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    parser.add_argument("--space", type=Path, default=CONF / "search.yaml")
    options = vars(parser.parse_args())
    # petastorm 0.13.1 calls interfaces that pyarrow 14 still has and says so at every row group.
    warnings.simplefilter("ignore", FutureWarning)
    finish(lambda: [json.dumps(search(**options))], parser.prog)
