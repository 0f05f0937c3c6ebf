"""Run the whole line over a landing zone, in a demonstration lake, and write its report."""

import argparse
import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path, open_lake
from harmsweep.lake.session import session
from harmsweep.model.manifest import load_manifest, verified_bytes
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.pipeline.all_days import run_pipeline, settle
from harmsweep.pipeline.terminal import print_summary, progress
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.reports.lake import write_report
from harmsweep.stages.explain import explain_few


def main(*, posts: Path, lake: Path, model: Path, train: bool) -> Iterable[str]:
    """Open the lake, run the line, write the report where anything changed, and say what holds."""
    console = Console(stderr=True)
    mark_demonstration(lake)
    open_lake(lake)
    with progress(console) as on_progress:
        done = run_pipeline(
            partial(session, "line"),
            lake,
            posts=posts,
            model=None if train else load_model_ref(model),
            on_progress=on_progress,
        )
    with console.status("explaining a few posts"):
        explained = explain_few(lake, done.days, model=done.model, media=posts)
        settle(lake, done)
    report = lake / "report.html"
    if done.changed or not report.exists():
        write_report(
            lake,
            report,
            model=done.model.model_version,
            policy=done.policy.policy_version,
            **_evaluation(done.model.manifest),
            ablation=done.ablation,
        )
    print_summary(Console(), done, lake, report, explained)
    return ()


def _evaluation(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The held-out figures that stand beside the manifest, as `write_report` takes them."""
    manifest = load_manifest(path)
    content = verified_bytes(path.parent / manifest.evaluation.name, manifest.evaluation.sha256)
    found = json.loads(content)
    return {"evaluation": found["records"], "by_language": found.get("languages", [])}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/quickstart", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "--posts",
        type=lambda text: Path(text).resolve(),
        default=ROOT / "tests" / "sample",
        metavar="DIR",
        help="landing zone (default: the project's own sample)",
    )
    parser.add_argument(
        "--lake", type=lake_path, default=ROOT / "lake", metavar="DIR", help="folder of the tables"
    )
    models = parser.add_mutually_exclusive_group()
    models.add_argument(
        "--model",
        type=Path,
        default=DEFAULT_MODEL,
        metavar="MANIFEST",
        help="score with this model (default: the one that ships)",
    )
    models.add_argument(
        "--train", action="store_true", help="train a model on these posts and score with it"
    )
    return parser.parse_args()


if __name__ == "__main__":
    finish(lambda: main(**vars(_arguments())), "quickstart")
