"""Measures our embed stage beside a bare loop, four peers and the cores' own limit, in one run.

Every engine runs in a process of its own, one after the other, in interleaved rounds: the same
posts, cores and encoder weights. Cold is from the start of its process until its Delta table is
written; warm runs follow in the living process. The exit code is 1 where vectors disagree or an
engine failed.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from embedding import posts
from embedding.engines import ENGINES
from embedding.job import Round
from embedding.limit import operations, sizes
from embedding.measure import EngineFailed, Setting, limit, measure
from embedding.report import WIDTH, Work, limits_text, numbers, save, table
from harmsweep.encoders.conf import load_encoders
from harmsweep.paths import CACHE

PACKAGES = ("torch", "transformers", "pyspark", "ray", "daft", "sentence-transformers")
POSTS, ROUNDS, WARM_RUNS = 300, 2, 2


def main(
    *, full: bool, wanted: int, rounds: int, warm: int, cores: int, engines: list[str], out: Path
) -> int:
    """Measure, print the table, write the files."""
    cpus = sorted(os.sched_getaffinity(0))[:cores]
    out.mkdir(parents=True, exist_ok=True)
    _say(f"texts and their reference vectors; everything goes to {out}")
    texts = posts.load(None if full else wanted)
    work_folder = out / "work"
    shutil.rmtree(work_folder, ignore_errors=True)
    posts.write(texts, work_folder / "texts", len(cpus))
    expected = posts.reference(texts)
    layers = sizes(load_encoders()["text"].folder)
    work = Work(len(texts.texts), len(cpus), operations(texts.tokens, layers))
    _say(
        f"{work.posts:,} posts of {texts.source}, {sum(texts.tokens) / work.posts:.1f} tokens each"
        f" ({texts.too_long} longer than a window left out), on {len(cpus)} cores"
    )
    setting = Setting(work_folder / "texts", work.posts, cpus, warm, work_folder, expected)
    measured, limits, failed = _rounds(engines, rounds, setting)
    complete = {name: found for name, found in measured.items() if len(found) == rounds}
    result = numbers(complete, limits, work) | _about(texts)
    result["failed"] = failed
    _print(result, save(result, out))
    if not failed:
        shutil.rmtree(work_folder)
    return 1 if failed or not all(e["agrees"] for e in result["engines"].values()) else 0


def _rounds(
    engines: list[str], rounds: int, setting: Setting
) -> tuple[dict[str, list[Round]], list[dict[str, float]], dict[str, str]]:
    """Each engine once a round, every second round backwards; a failed engine is left out."""
    measured: dict[str, list[Round]] = {name: [] for name in engines}
    limits: list[dict[str, float]] = []
    failed: dict[str, str] = {}
    for turn in range(rounds):
        limits.append(limit(setting.cpus))
        order = [name for name in engines if name not in failed]
        for name in order if turn % 2 == 0 else order[::-1]:
            started = time.perf_counter()
            try:
                found = measure(name, turn, setting)
            except EngineFailed as problem:
                failed[name] = str(problem)
                _say(f"round {turn + 1} of {rounds}: {name} failed: {problem}")
                continue
            measured[name].append(found)
            rate = setting.size / min(found.warm)
            _say(
                f"round {turn + 1} of {rounds}: {name:<13} cold {found.cold:5.1f} s, warm"
                f" {rate:6.1f} posts/s ({time.perf_counter() - started:.0f} s)"
            )
    return measured, limits, failed


def _about(texts: posts.Texts) -> dict[str, Any]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": texts.source,
        "tokens": sum(texts.tokens),
        "longer_than_a_window": texts.too_long,
        "encoder_id": load_encoders()["text"].encoder_id,
        "cpu": _cpu(),
        "versions": {name: version(name) for name in PACKAGES} | {"python": sys.version.split()[0]},
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _print(result: dict[str, Any], files: list[Path]) -> None:
    console = Console(width=WIDTH)
    console.print(table(result))
    console.print(limits_text(result), highlight=False)
    for name, engine in result["engines"].items():
        if not engine["agrees"]:
            _say(
                f"{name} disagrees: {engine['rows']} rows, least cosine"
                f" {engine['least_cosine']:.5f}; {posts.LEAST_COSINE} is asked for"
            )
    for name, problem in result["failed"].items():
        _say(f"{name} failed: {problem}")
    _say("wrote " + ", ".join(str(file) for file in files))


def _say(line: str) -> None:
    print(f"benchmark: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all posts, which takes hours")
    parser.add_argument(
        "--posts", type=_positive, default=POSTS, dest="wanted", help="how many posts"
    )
    parser.add_argument("--rounds", type=_positive, default=ROUNDS, help="of all engines in turn")
    parser.add_argument(
        "--warm", type=_positive, default=WARM_RUNS, help="warm runs a round and engine"
    )
    parser.add_argument(
        "--cores", type=_positive, default=None, help="as many as there are, by default"
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--out", type=Path, default=None, help="default: a folder in .cache")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def _stopped(number: int, _: object) -> None:
    """End in order, so that no engine's processes are left."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stopped)
    arguments = vars(_parser().parse_args())
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    arguments["out"] = (arguments["out"] or CACHE / "benchmark" / stamp).resolve()
    sys.exit(main(**arguments))
