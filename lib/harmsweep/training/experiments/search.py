"""Search for options of the fit by Optuna: judged by the validation part, never by the test part.

After Bergstra et al. (NeurIPS 2011, the tree-structured Parzen estimator) and Golovin et al. (KDD
2017, the median rule that ends trials early).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from harmsweep.logs import log
from harmsweep.model.conf import Fit, TrainingRefused
from harmsweep.model.tracking import child_run, parent_run
from harmsweep.paths import CONF
from harmsweep.plurals import counted
from harmsweep.training.experiments.conf import LEFT_OUT, NOTHING, SearchConfig, load_search
from harmsweep.training.experiments.experiment import Experiment, digest, load_experiment
from harmsweep.training.fit import fit
from harmsweep.training.learner import network
from harmsweep.training.task import Task


def search(
    snapshot: Path,
    *,
    tracking: Path,
    minutes: float,
    trials: int | None = None,
    config: Path = CONF / "training.yaml",
    space: Path = CONF / "search.yaml",
) -> dict[str, Any]:
    """The best options found so far: study, trials done, validation loss, and the values.

    Ends after so many minutes (the trial that runs then is finished) or trials in all. A second
    call goes on where the first ended; the same seed and number of trials give the same result.
    Each trial is a child run in MLflow. The first trial is what the configuration has.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: a configuration is wrong.
        TrainingRefused: no harm has enough labels for a head.
    """
    choices, experiment = load_search(space), load_experiment(snapshot, config)
    task = experiment.task  # refused before anything is written
    study = _study(experiment, choices, tracking)
    deadline = time.monotonic() + 60 * minutes
    with parent_run(study.study_name, tracking=tracking) as run, _shown(minutes, deadline) as show:
        shared = _Search(experiment, task, choices, tracking, run)
        while not _is_over(study, choices, trials) and time.monotonic() < deadline:
            # A sampler of its own for each trial: a search that was cut off goes on alike.
            study.sampler = _sampler(choices, len(study.trials))
            study.optimize(partial(_trial_loss, of=shared), n_trials=1)
            show(study)
    return _outcome(study)


def _outcome(study: optuna.Study) -> dict[str, Any]:
    done = [t for t in study.trials if t.state.is_finished()]
    found = _typed(study.best_params) if _best(study) else {}
    left_out = {LEFT_OUT: found.pop(LEFT_OUT)} if LEFT_OUT in found else {}
    return {
        "study": study.study_name,
        "trials": len(done),
        "pruned": sum(t.state == optuna.trial.TrialState.PRUNED for t in done),
        "validation_loss": study.best_value if _best(study) else None,
        "first_loss": study.trials[0].value if done else None,
        "fit": found,
        **left_out,
    }


@dataclass(frozen=True)
class _Search:
    """What every trial of a search shares."""

    experiment: Experiment
    task: Task
    config: SearchConfig
    tracking: Path
    run: str


def _trial_loss(trial: optuna.Trial, *, of: _Search) -> float:
    """A trial's lowest validation loss; ended early where the median of the others was lower."""
    suggested = _suggested(trial, of.config)
    fitted = {name: value for name, value in suggested.items() if name != LEFT_OUT}
    options = of.experiment.options.fit.model_copy(update=fitted)
    one = network(of.task, options, columns=_columns(of.task, suggested))
    losses: list[float] = []

    def report(epoch: int, _: float, held_out: float) -> None:
        losses.append(held_out)
        trial.report(held_out, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    with child_run(of.run, f"trial {trial.number}", suggested, tracking=of.tracking) as log:
        try:
            fit(of.experiment.snapshot, of.task, [one], options, report=report)
        finally:
            log({"validation_loss": min(losses), "epochs": float(len(losses))})
    return one.best


def _columns(task: Task, suggested: Mapping[str, Any]) -> NDArray[np.int64] | None:
    """What a trial's network sees of the fused matrix; None stands for all of it.

    Raises:
        TrainingRefused: the snapshot has no such modality.
    """
    left_out = suggested.get(LEFT_OUT, NOTHING)
    if left_out == NOTHING:
        return None
    if left_out not in task.modalities:
        known = ", ".join(task.modalities)
        raise TrainingRefused(f"space.left_out: no modality {left_out!r}; there are {known}")
    return task.without({left_out})


def _suggested(trial: optuna.Trial, config: SearchConfig) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, choice in config.space.items():
        if choice.values:
            value: Any = trial.suggest_categorical(name, list(choice.values))
        else:
            assert choice.low is not None and choice.high is not None
            value = trial.suggest_float(name, choice.low, choice.high, log=choice.log)
        values[name] = value
    return _typed(values)


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the fit, whole where they are whole numbers: Optuna keeps them as it drew them."""
    fitted = values.keys() & Fit.model_fields.keys()
    whole = (name for name in fitted if Fit.model_fields[name].annotation is int)
    return dict(values) | {name: int(values[name]) for name in whole}


def _study(experiment: Experiment, config: SearchConfig, tracking: Path) -> optuna.Study:
    """The study of exactly this snapshot, configuration, space and code, from its SQLite file."""
    made_from = experiment.made_from() | {"space": config.model_dump(mode="json")}
    tracking.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=f"{experiment.facts.id}-{digest(made_from)}",
        storage=f"sqlite:///{(tracking / 'search.db').resolve()}",
        pruner=optuna.pruners.MedianPruner(config.startup_trials, config.warmup_epochs),
        load_if_exists=True,
    )
    if not study.trials and config.sampler == "tpe":
        now = experiment.options.fit.model_dump() | {LEFT_OUT: NOTHING}
        study.enqueue_trial({name: now[name] for name in config.space})
    for trial in study.trials:
        # What was killed in the middle is tried again under the same number of finished trials.
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _sampler(config: SearchConfig, number: int) -> optuna.samplers.BaseSampler:
    if config.sampler == "grid":
        grid = {name: list(choice.values) for name, choice in config.space.items()}
        return optuna.samplers.GridSampler(grid, seed=config.seed)
    return optuna.samplers.TPESampler(
        n_startup_trials=config.startup_trials, seed=config.seed + number
    )


def _is_over(study: optuna.Study, config: SearchConfig, trials: int | None) -> bool:
    done = sum(t.state.is_finished() for t in study.trials)
    if config.sampler == "grid":
        cells = 1
        for choice in config.space.values():
            cells *= len(choice.values)
        trials = cells if trials is None else min(trials, cells)
    return trials is not None and done >= trials


def _best(study: optuna.Study) -> bool:
    return any(t.state == optuna.trial.TrialState.COMPLETE for t in study.trials)


@contextmanager
def _shown(minutes: float, deadline: float) -> Iterator[Any]:
    """A bar over the budget, with the trials done and the lowest loss; elsewhere lines of a log."""
    console, said = Console(stderr=True), log("search", minutes=minutes)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("search", total=60 * minutes)

        def show(study: optuna.Study) -> None:
            used = 60 * minutes - (deadline - time.monotonic())
            best = f"{study.best_value:.4f}" if _best(study) else "none"
            text = f"{counted(len(study.trials), 'trial')}, lowest validation loss {best}"
            progress.update(bar, completed=min(used, 60 * minutes), description=text)
            if not console.is_terminal:
                said.info(text, used_minutes=round(used / 60, 1))

        yield show
