"""Tune the last layers of the text encoder on a snapshot of a lake.

Prints one line of JSON: path, SHA-256 and size of the layers. With those two in conf/encoders.yaml
days are embedded anew, and a model is trained on the new vectors. Use .venv's Python.
"""

import argparse
import json
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path, query
from harmsweep.paths import CONF
from harmsweep.training.fine_tuning.tuning_job import run

TEXTS = "SELECT day, post_id, revision, normal_text FROM post_features_v1"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    parser.add_argument("--snapshot", type=Path, required=True, help="a snapshot of that lake")
    parser.add_argument("--encoder", default="minilm-ngrams", help="of conf, to go on with")
    out, layers = CONF / "encoders" / "minilm-tuned", "folder of the layers and their card"
    parser.add_argument("--out", type=Path, default=out, help=layers)
    parser.add_argument("--config", type=Path, default=CONF / "fine_tuning.yaml")
    parser.add_argument("--sentences", type=Path, default=CONF / "contrast.yaml")
    options = vars(parser.parse_args())
    lake = options.pop("lake")
    finish(lambda: [json.dumps(run(query(lake, TEXTS).to_pandas(), **options))], parser.prog)
