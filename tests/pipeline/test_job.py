"""What every job shares: its arguments, its exit and its one-line errors."""

import importlib
import pkgutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import harmsweep
from harmsweep.cli.main import main as console
from harmsweep.errors import REFUSED, DataRefused, Held, Refused, WrongUse, one_line
from harmsweep.lake.runs import Outcome
from harmsweep.operations.switch import Stopped
from harmsweep.pipeline.job import add_model, parser, run


def heirs(kind: type[Exception]) -> list[type[Exception]]:
    """The class and all that inherit from it, in any module of the package."""
    for module in pkgutil.walk_packages(harmsweep.__path__, "harmsweep."):
        # Those that need the trainer's libraries refuse nothing of their own.
        with suppress(ModuleNotFoundError):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    below = [heir for child in kind.__subclasses__() for heir in heirs(child)]
    return [kind, *dict.fromkeys(below)]


def call(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, error: Exception | None = None
) -> list[date]:
    seen: list[date] = []

    def main(*, lake: Path, days: list[date]) -> Iterable[Outcome]:
        if error:
            raise error
        for day in days:
            seen.append(day)
            yield Outcome("stage", day, 1, 0.5, counts={"posts": 1})

    monkeypatch.setattr("sys.argv", ["stage.py", *arguments])
    run(main, parser("A job."))
    return seen


def exits(monkeypatch: pytest.MonkeyPatch, *arguments: str, **options: Any) -> object:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, *arguments, **options)
    return caught.value.code


def test_a_range_runs_each_day_in_order_and_prints_a_line_for_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--lake", str(tmp_path), "--from", "2026-10-31", "--to", "2026-11-01"]
    assert call(monkeypatch, *arguments) == [date(2026, 10, 31), date(2026, 11, 1)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "stage 2026-10-31: posts 1 in 0.5 s"
    assert len(lines) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--day", "2026-10-01"],
        ["--lake", "x"],
        ["--lake", "x", "--day", "1 October"],
        ["--lake", "x", "--day", "2026-10-01", "--from", "2026-10-01", "--to", "2026-10-02"],
        ["--lake", "x", "--from", "2026-10-01"],
        ["--lake", "x", "--from", "2026-10-02", "--to", "2026-10-01"],
        ["--lake", "x", "--day", "2026-10-01", "--to", "2026-10-02"],
        ["--lake", "x", "--day", "2026-10-01", "--unknown"],
        ["--lake", "x", "--da", "2026-10-01"],
        ["--lake", "s3://bucket/lake", "--day", "2026-10-01"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exits(monkeypatch, *arguments) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Held("cap"), 4),
        (Stopped("stopped by ana"), 4),
        *((kind("digest"), 3) for kind in heirs(Refused)),
        (WrongUse("--to before --from"), 2),
        (RuntimeError("x"), 1),
    ],
)
def test_the_kind_of_failure_is_the_exit_code_and_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
) -> None:
    arguments = ["--lake", str(tmp_path), "--day", "2026-10-01"]
    assert exits(monkeypatch, *arguments, error=error) == code
    assert capsys.readouterr().err == f"stage.py: {type(error).__name__}: {error}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Held("two must approve"), 4), (Stopped("stopped by ana"), 4), (DataRefused("stale"), 3),
     (WrongUse("--share 2"), 2)],
)  # fmt: skip
def test_the_console_ends_with_the_same_codes_and_says_it_in_the_errors_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("harmsweep.enforcement.plans.apply.apply_plan", refuse)
    monkeypatch.setattr("sys.argv", ["harmsweep", "apply", "plan-1"])
    with pytest.raises(SystemExit) as caught:
        console()
    assert caught.value.code == code
    assert capsys.readouterr().err == f"harmsweep: {error}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["approve", "99999999-0123456789ab:hate:apply", "--reason", "x"], "is no batch's name"),
        (["hold", "discard", "20260231-0123456789ab:hate:apply", "--reason", "x"], "no batch's"),
        (["bank", "confirm", "1e" * 32, "--bank", "none"], "no bank none"),
    ],
)
def test_the_console_refuses_a_name_of_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    empty_lake: Path,
    words: list[str],
    line: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["harmsweep", *words, "--lake", str(empty_lake)])
    with pytest.raises(SystemExit) as caught:
        console()
    assert caught.value.code == 3
    assert line in capsys.readouterr().err


def test_a_job_that_needs_no_day_is_given_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[list[date]] = []

    def main(*, lake: Path, days: list[date]) -> Iterable[Outcome]:
        seen.append(days)
        return []

    for day in ([], ["--day", "2026-10-01"]):
        monkeypatch.setattr("sys.argv", ["stage.py", "--lake", str(tmp_path), *day])
        run(main, parser("A job.", days_required=False))
    assert seen == [[], [date(2026, 10, 1)]]


def test_an_error_keeps_its_first_line_only() -> None:
    error = ValueError("\n  posts_v1: missing ['text']\n\tat org.apache.spark.Executor\n")
    assert one_line(error) == "ValueError: posts_v1: missing ['text']"


def test_a_champion_that_there_is_none_of_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = parser("")
    add_model(arguments)
    given = ["--lake", str(tmp_path), "--day", "2026-10-01", "--model", f"champion@{tmp_path}"]
    monkeypatch.setattr("sys.argv", ["job", *given])
    with pytest.raises(SystemExit) as left:
        run(lambda **_: pytest.fail("ran without a model"), arguments)
    assert left.value.code == REFUSED
    assert "no model is champion there; jobs/promote.py makes one" in capsys.readouterr().err
