"""Make the champion before this one the champion again; run twice, it is the other way round."""

import argparse
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.model.registry import ChampionChange, roll_back


def main(*, tracking: Path) -> list[ChampionChange]:
    return [roll_back(tracking)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    options = vars(parser.parse_args())
    finish(lambda: main(**options), parser.prog)
