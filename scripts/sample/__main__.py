"""Make the sample landing zone: the same seed, sources and package versions give the same bytes."""

import argparse
import shutil
import sys
from pathlib import Path

from borrowed import hatecheck, sms
from hostile import hostile, write_hostile_media
from landing import account_label_rows, as_lines, label_rows, post_rows, with_broken_line
from licences import page
from pictures import pictured
from written import written

from harmsweep.pipeline.simulate.interactions import write_interactions
from harmsweep.pipeline.simulate.users import accounts

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = 90


def make_sample(source: Path, out: Path, *, seed: int) -> None:
    """Write the landing zone and its LICENSES.md to `out`, in place of what was there."""
    shutil.rmtree(out / "media", ignore_errors=True)
    drafts = [*hatecheck(source), *sms(source), *written(seed), *pictured(out, seed=seed)]
    drafts += hostile()
    write_hostile_media(out, seed=seed)
    _write(out / "posts.jsonl", with_broken_line(as_lines(post_rows(drafts, seed=seed))))
    _write(out / "users.jsonl", as_lines(accounts(ACCOUNTS, seed=seed)))
    _write(out / "labels.jsonl", as_lines(label_rows(drafts)))
    _write(out / "account_labels.jsonl", as_lines(account_label_rows()))
    write_interactions(out, out / "interactions.jsonl", seed=seed)
    media = sorted(path for path in (out / "media").rglob("*.*") if path.is_file())
    (out / "LICENSES.md").write_text(page(drafts, media), encoding="utf-8")


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Parse the command line, check the sources and make the sample."""
    arguments = argparse.ArgumentParser(prog="scripts/make_sample", description=__doc__)
    default = ROOT.parent / "shared" / "data"
    arguments.add_argument(
        "--source",
        type=Path,
        default=default,
        help="folder with hatecheck/ and posts.jsonl (default: ../shared/data)",
    )
    arguments.add_argument("--out", type=Path, default=ROOT / "tests" / "sample")
    arguments.add_argument("--seed", type=int, default=7)
    options = arguments.parse_args()
    for name in ("hatecheck/test_suite_cases.csv", "posts.jsonl", "labels.jsonl"):
        if not (options.source / name).is_file():
            sys.exit(
                f"make_sample: {options.source / name} is not there; name its folder by --source"
            )
    make_sample(options.source, options.out, seed=options.seed)
    print(options.out)


if __name__ == "__main__":
    main()
