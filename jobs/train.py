"""Train the heads on a snapshot; run with the trainer's own Python.

Prints one line of JSON: the model's manifest and the snapshot's folder.
"""

from pathlib import Path

from harmsweep.training.train import train
from harmsweep.training.trainer_job import parser, run


def main(*, snapshot: Path, models: Path, tracking: Path, config: Path) -> dict[str, str]:
    manifest = train(snapshot, models=models, tracking=tracking, config=config)
    return {"manifest": str(manifest), "snapshot": str(snapshot)}


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--models", type=Path, required=True, help="folder of the models")
    arguments.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    run(main, arguments)
