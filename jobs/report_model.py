"""Write the evaluation of a model as one HTML page, and log it to the model's run in MLflow.

Prints the page's path. Texts of posts stand in that page only, hidden until a click.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path
from harmsweep.model.registry import model_path
from harmsweep.pipeline.job import add_model
from harmsweep.reports.evaluation import POLICY, Material, write_evaluation


def main(*, out: Path, model: str, **material: Any) -> list[str]:
    """Write the page; gives its path."""
    return [str(write_evaluation(Material(model=model_path(model), **material), out))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_model(parser)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--out", type=Path, required=True, help="the HTML file to write")
    parser.add_argument("--lake", type=lake_path, help="where the texts of the posts are")
    parser.add_argument("--tracking", type=Path, help="folder of MLflow's files")
    parser.add_argument("--ablation", type=Path, help="what jobs/ablate.py wrote")
    parser.add_argument("--comparison", type=Path, help="what jobs/compare.py wrote")
    parser.add_argument("--learning", type=Path, help="what jobs/learning.py wrote")
    parser.add_argument(
        "--certificates", type=Path, help="folder of certificates (default: the model's)"
    )
    parser.add_argument("--policy", type=Path, default=POLICY, help="whose rungs are reported")
    parser.add_argument("--posts-a-day", type=int, help="tells shares as posts, too")
    finish(partial(main, **vars(parser.parse_args())), parser.prog)
