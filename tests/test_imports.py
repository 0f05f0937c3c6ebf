"""The import rule: ground knows no stage, a stage imports ground only, DAGs import neither."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "lib" / "harmsweep"
# Packages that are ground; every other package of harmsweep is a stage or uses stages.
GROUND = {"tables", "modalities", "text", "media"}
# The whole run, backfills, the tools for people, and what asks the stages anew (explain):
# they may import stages, and no stage imports them.
ON_TOP = {"maintain", "backfill", "line", "console", "report", "evaluation", "explain"}
STAGES = {
    path.name
    for path in LIB.iterdir()
    if (path / "__init__.py").exists() and path.name not in GROUND | ON_TOP
}
MODULES = sorted(LIB.rglob("*.py"))
JOBS = sorted((ROOT / "jobs").glob("*.py"))
DAGS = sorted((ROOT / "dags").glob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Every module that a source imports anywhere, and every name that it imports from one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts(source: str) -> set[str]:
    """The parts of harmsweep that a source imports, such as `lake` or `score`."""
    names = (name.split(".") for name in imported(source))
    return {name[1] for name in names if name[0] == "harmsweep" and len(name) > 1}


def owner(module: Path) -> str:
    return module.relative_to(LIB).parts[0].removesuffix(".py")


def forbidden(module: Path) -> set[str]:
    own = owner(module)
    if own in ON_TOP:
        return set()
    return (STAGES | ON_TOP) - {own}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_rule_sees_imports_of_every_form() -> None:
    source = "import harmsweep.stages.score\ndef f():\n    from harmsweep import lake\n"
    assert parts(source) == {"score", "lake"}


def test_relative_imports_are_not_used() -> None:
    relative = [
        named(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_imports_ground_only(module: Path) -> None:
    assert not parts(module.read_text(encoding="utf-8")) & forbidden(module)


@pytest.mark.parametrize("module", DAGS, ids=named)
def test_a_dag_imports_neither_the_package_nor_its_libraries(module: Path) -> None:
    roots = {name.split(".")[0] for name in imported(module.read_text(encoding="utf-8"))}
    assert not roots & {"harmsweep", "pyspark", "torch", "delta", "deltalake"}


@pytest.mark.parametrize("job", JOBS, ids=named)
def test_a_job_stays_under_forty_lines(job: Path) -> None:
    assert len(job.read_text(encoding="utf-8").splitlines()) < 40


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_stays_within_three_hundred_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.slow
def test_importing_every_stage_imports_no_torch() -> None:
    """The driver imports stages before Spark forks its workers: torch must come later."""
    # Neither of these ever runs beside Spark.
    stages = sorted(f"harmsweep.{stage}" for stage in STAGES - {"train", "release"})
    code = f"import sys, {', '.join(stages)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_sweep_starts_without_what_takes_longest_to_import() -> None:
    code = "import sys, harmsweep.enforcement; sys.exit(bool({'scipy', 'pandas'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
