"""Tune the last layers of the text encoder on a snapshot of a lake.

Prints one line of JSON: path, SHA-256 and size of the layers. With those two in conf/encoders.yaml
days are embedded anew, and a model is trained on the new vectors. Use .venv's Python.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from harmsweep.encoders.conf import declared_encoders
from harmsweep.errors import WrongUse, finish
from harmsweep.lake.delta import lake_path, query
from harmsweep.names import advice
from harmsweep.paths import CONF
from harmsweep.training.fine_tuning.command import run
from harmsweep.training.fine_tuning.conf import load_fine_tuning, load_sentences

TEXTS = "SELECT day, post_id, revision, normal_text FROM post_features_v1"


def main(
    *, lake: Path, snapshot: Path, encoder: str, out: Path, config: Path, sentences: Path
) -> Iterable[str]:
    """Read the texts, tune, and say what came of it."""
    declared = declared_encoders()
    if encoder not in declared:
        raise WrongUse(f"no encoder {encoder!r}{advice(encoder, declared)}")
    said = run(
        snapshot,
        query(lake, TEXTS).to_pandas(),
        encoder=declared[encoder],
        out=out,
        options=load_fine_tuning(config),
        sentences=load_sentences(sentences),
    )
    yield json.dumps(said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    parser.add_argument("--snapshot", type=Path, required=True, help="a snapshot of that lake")
    parser.add_argument("--encoder", default="minilm-ngrams", help="of conf, to go on with")
    parser.add_argument(
        "--out",
        type=Path,
        default=CONF / "encoders" / "minilm-tuned",
        help="folder of the layers and their card",
    )
    parser.add_argument("--config", type=Path, default=CONF / "fine_tuning.yaml")
    parser.add_argument("--sentences", type=Path, default=CONF / "contrast.yaml")
    options = vars(parser.parse_args())
    finish(lambda: main(**options), parser.prog)
