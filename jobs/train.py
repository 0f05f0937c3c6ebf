"""Train the heads on a snapshot; run with the trainer's own Python.

Prints one line of JSON: the model's manifest and the snapshot's folder.
"""

import argparse
import json
import warnings
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.model.snapshot import find_snapshot
from harmsweep.paths import CONF
from harmsweep.training.train import train


def main(*, snapshot: Path, models: Path, tracking: Path, config: Path) -> dict[str, str]:
    manifest = train(snapshot, models=models, tracking=tracking, config=config)
    return {"manifest": str(manifest), "snapshot": str(snapshot)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--snapshot", type=find_snapshot, required=True, help="or their folder")
    parser.add_argument("--models", type=Path, required=True, help="folder of the models")
    parser.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    options = vars(parser.parse_args())
    warnings.simplefilter("ignore", FutureWarning)  # petastorm's of pyarrow 14, at each row group
    finish(lambda: [json.dumps(main(**options))], parser.prog)
