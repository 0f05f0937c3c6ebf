"""Make a model the champion where every gate of conf/release.yaml lets it pass.

Prints each gate with its figures and writes the model's card beside its manifest. Exit code 3 where
a gate refuses; the champion then stays.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.paths import CONF
from harmsweep.release.gates import Gate
from harmsweep.release.promote import promote


def main(model: Path, *, dry_run: bool, **inputs: Path) -> Iterator[Gate | str]:
    yield from promote(model, **inputs, dry_run=dry_run)
    if dry_run:
        yield "a dry run: the champion stays"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True, help="manifest.json of the candidate")
    parser.add_argument("--snapshot", type=Path, required=True, help="whose test part judges")
    parser.add_argument(
        "--former", type=Path, help="a snapshot of the same posts by the champion's encoders"
    )
    parser.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    parser.add_argument("--hatecheck", type=Path, required=True, help="its table of cases")
    parser.add_argument("--config", type=Path, default=CONF / "release.yaml")
    parser.add_argument("--dry-run", action="store_true", help="judge and change nothing")
    options = vars(parser.parse_args())
    finish(lambda: main(**options), parser.prog)
