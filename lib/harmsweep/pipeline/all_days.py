"""Run every stage for every day, train in between where no model was given."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome, Spark, code_digest
from harmsweep.model.reference import ModelRef, load_model_ref
from harmsweep.paths import CONF, JOBS, ROOT
from harmsweep.pipeline.landing import with_interactions
from harmsweep.policy.demonstration import approve_for_demonstration
from harmsweep.policy.file import Policy, load_policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.landing_files import landing_days
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.match import match_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day
from harmsweep.stages.snapshot.stage import take_snapshot

# Called with a stage and how many days it has: before the first, then after each with its outcome.
OnProgress = Callable[[str, int, Outcome | None], None]
Stages = Mapping[str, Callable[[date], Outcome]]


class TrainingFailed(RuntimeError):
    """The trainer's process ended with an error."""


@dataclass(frozen=True)
class PipelineRun:
    """What a run of the line came to."""

    posts: Path
    days: list[date]
    outcomes: list[Outcome]
    model: ModelRef
    policy: Policy
    # What each modality is worth, where a model was trained.
    ablation: Path | None

    @property
    def changed(self) -> list[Outcome]:
        """The stages and days that were not as they should be before."""
        return [outcome for outcome in self.outcomes if not outcome.skipped]


def run_pipeline(
    spark: Spark, lake: Path, *, posts: Path, model: ModelRef | None, on_progress: OnProgress
) -> PipelineRun:
    """Take every day of the landing zone `posts` from ingest to metrics, in a demonstration lake.

    A model is trained on the landing zone's own labels where `model` is None. Stages
    and days that are unchanged are skipped.
    """
    landing = with_interactions(posts, lake)
    days = landing_days(landing)
    prepare: Stages = {
        "ingest": partial(ingest_day, spark, lake, landing=landing),
        "features": partial(features_day, spark, lake, media_root=posts),
        "ocr": partial(ocr_day, spark, lake, media_root=posts),
        "embed": partial(embed_day, spark, lake, media_root=posts),
        "match": partial(match_day, spark, lake, media_root=posts),
    }
    outcomes = list(_each(prepare, days, on_progress))
    ablation = None
    if model is None:
        model, ablation = _trained(spark, lake, days, on_progress)
    template, own = CONF / "policy" / "demonstration.yaml", lake / "policy" / "demonstration.yaml"
    policy = load_policy(approve_for_demonstration(template, model.model_version, own))
    outcomes += _each(_act(spark, lake, model, policy), days, on_progress)
    return PipelineRun(posts, days, outcomes, model, policy, ablation)


def settle(lake: Path, run: PipelineRun) -> None:
    """Sweep and measure again the days on which explaining made reviews of actions.

    Others are skipped, and so is every stage and day of the next run.
    """
    for stage in _effects(lake, run.model, run.policy).values():
        for day in run.days:
            stage(day)


def _act(spark: Spark, lake: Path, model: ModelRef, policy: Policy) -> Stages:
    return {
        "score": partial(score_day, spark, lake, model=model),
        "decide": partial(decide_day, spark, lake, policy=policy, model=model),
        **_effects(lake, model, policy),
    }


def _effects(lake: Path, model: ModelRef, policy: Policy) -> Stages:
    measure = partial(measure_day, lake, model_version=model.model_version)
    return {
        "enforce": partial(enforce_day, lake, policy=policy, model=model),
        "measure": partial(measure, policy_version=policy.policy_version),
    }


def _each(stages: Stages, days: list[date], on_progress: OnProgress) -> Iterator[Outcome]:
    """Stage by stage, so that a late row of an earlier day is there before the next stage."""
    for name, stage in stages.items():
        on_progress(name, len(days), None)
        for day in days:
            outcome = stage(day)
            on_progress(name, len(days), outcome)
            yield outcome


def _trained(
    spark: Spark, lake: Path, days: list[date], on_progress: OnProgress
) -> tuple[ModelRef, Path]:
    """The model of a snapshot of the days, and the ablation of its modalities; each made once."""
    on_progress("snapshot", 1, None)
    snapshot = take_snapshot(spark, lake, first=days[0], last=days[-1], out=lake / "snapshots")
    on_progress("train", 1, None)
    models, tracking = ("--models", lake / "models"), ("--tracking", lake / "mlflow")
    trained = _result("train", snapshot, *models, *tracking)
    on_progress("ablate", 1, None)
    ablated = _result("ablate", snapshot, "--out", lake / "ablations")
    return load_model_ref(trained["manifest"]), Path(ablated["ablation"])


def _result(job: str, snapshot: Path, *options: str | Path) -> dict[str, str]:
    """What a job of the trainer prints; the same snapshot and code give the same, so it runs once.

    Raises:
        TrainingFailed: the process ended with an error; it said why on standard error.
    """
    known = snapshot.parent / f"{snapshot.name}-{code_digest()[:12]}.{job}.json"
    if not known.exists():
        python = ROOT / ".venv-trainer" / "bin" / "python"
        command = [python, JOBS / f"{job}.py", "--snapshot", snapshot, *options]
        process = subprocess.run(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            check=False,
        )
        if process.returncode:
            raise TrainingFailed(
                f"{job} of {snapshot.name} ended with exit code {process.returncode}"
            )
        known.write_text(process.stdout.splitlines()[-1], encoding="utf-8")
    result: dict[str, str] = json.loads(known.read_text(encoding="utf-8"))
    return result
