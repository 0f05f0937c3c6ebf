"""Find how a model grows with its posts, and what it says of unseen groups and of later days.

Run with the trainer's own Python. Prints one line of JSON: the path of the learning curve.
"""

from pathlib import Path

from harmsweep.training.experiments.learning_curve import learning_curve
from harmsweep.training.trainer_job import parser, run


def main(*, snapshot: Path, out: Path, seeds: int, config: Path) -> dict[str, str]:
    return {"learning": str(learning_curve(snapshot, out=out, seeds=seeds, config=config))}


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the results")
    arguments.add_argument(
        "--seeds", type=int, default=3, help="trainings of each share (default: 3)"
    )
    run(main, arguments)
