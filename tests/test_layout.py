"""How the house is laid out: who imports whom, and how large a thing may be."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from harmsweep.paths import ROOT

LIB = ROOT / "lib" / "harmsweep"
VOCABULARY = (
    *(
        "conf",
        "days",
        "digests",
        "errors",
        "files",
        "harms",
        "ids",
        "logs",
        "names",
        "paths",
        "plurals",
        "yaml_lines",
    ),
)
# Names that more than one module has: each stage's `stage`, each room's `conf`, and what its room
# tells apart.
SHARED_NAMES = {"ablation", "conf", "plan", "slices", "stage"}
LONGEST, MEDIAN = 40, 8
MODULES = sorted(LIB.rglob("*.py"))
JOBS = sorted((ROOT / "jobs").glob("*.py"))
DAGS = sorted((ROOT / "dags").rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Every module that a source imports anywhere, and every name that it imports from one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_floors_look_down_only() -> None:
    """The contracts of setup.cfg: which room may import which."""
    linter = [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "setup.cfg"]
    done = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_the_vocabulary_lies_loose() -> None:
    loose = {path.stem for path in LIB.glob("*.py")}
    assert loose == {"__init__", *VOCABULARY}


def test_a_package_is_its_modules() -> None:
    """`__init__.py` holds a docstring, so nothing has two addresses."""
    for path in LIB.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path


def test_relative_imports_are_not_used() -> None:
    relative = [
        named(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


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


def lengths() -> Iterator[tuple[str, int]]:
    """Every function of the package, with its lines from `def` to its end."""
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_are_short() -> None:
    functions = list(lengths())
    assert not [name for name, lines in functions if lines > LONGEST]
    assert median(lines for _, lines in functions) <= MEDIAN


def test_a_module_has_a_name_of_its_own() -> None:
    names = [path.stem for path in MODULES if path.stem not in ("__init__", "__main__")]
    assert {name for name, times in Counter(names).items() if times > 1} <= SHARED_NAMES


@pytest.mark.slow
def test_importing_every_stage_imports_no_torch() -> None:
    """The driver imports stages before Spark forks its workers: torch must come later."""
    stages = sorted(
        ".".join(path.relative_to(LIB.parent).with_suffix("").parts)
        for path in (LIB / "stages").rglob("*.py")
        if path.stem != "__init__"
    )
    code = f"import sys, {', '.join(stages)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_sweep_starts_without_what_takes_longest_to_import() -> None:
    code = "import sys, harmsweep.stages.enforce"
    code += "; sys.exit(bool({'scipy', 'pandas'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
