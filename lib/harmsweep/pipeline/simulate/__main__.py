"""Make interactions for a landing zone's posts, every row marked simulated."""

import argparse
from pathlib import Path

from harmsweep.pipeline.simulate.interactions import write_interactions


def main() -> None:
    """Parse the command line and write the file."""
    arguments = argparse.ArgumentParser(
        prog="python -m harmsweep.pipeline.simulate", description=__doc__
    )
    arguments.add_argument("--posts", type=Path, required=True, help="folder with posts.jsonl")
    arguments.add_argument("--out", type=Path, required=True, help="JSON Lines file to write")
    arguments.add_argument("--seed", type=int, default=7, help="same seed, same bytes (default: 7)")
    options = arguments.parse_args()
    try:
        print(write_interactions(options.posts, options.out, seed=options.seed))
    except FileNotFoundError as error:
        arguments.error(str(error))


if __name__ == "__main__":
    main()
