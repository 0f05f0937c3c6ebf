"""Pre-train VideoMoCo on the platform's clips, or convert a published checkpoint.

Prints one line of JSON: the weights' path and SHA-256 for conf/encoders.yaml.
"""

import argparse
import json
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.known_media.window import videos_of_window
from harmsweep.lake.delta import lake_path
from harmsweep.paths import CONF
from harmsweep.training.videomoco.command import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--lake", type=lake_path, help="folder of the tables: clips of 30 days")
    source.add_argument("--clips", type=Path, help="folder of clips")
    source.add_argument("--published", type=Path, help="a published checkpoint, to be converted")
    parser.add_argument("--day", type=date.fromisoformat, help="the last day, with --lake")
    parser.add_argument("--media", type=Path, help="folder of the landing zone, with --lake")
    parser.add_argument("--out", type=Path, required=True, help="folder of weights and manifest")
    parser.add_argument("--tracking", type=Path, help="folder of MLflow's files; else below --out")
    parser.add_argument("--config", type=Path, default=CONF / "videomoco.yaml")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    for name in ("epochs", "frames", "size", "queue", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, help=f"in place of the configuration's {name}")
    options = parser.parse_args()
    if options.lake and not (options.day and options.media):
        parser.error("--lake needs --day and --media")
    videos = partial(videos_of_window, options.lake, options.day) if options.lake else dict
    finish(lambda: [json.dumps(run(options, videos()))], parser.prog)
