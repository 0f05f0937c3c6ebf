"""Find what each modality is worth to each head; run with the trainer's own Python.

Prints one line of JSON: the ablation's path, and the modalities that it proposes to switch off.
"""

import argparse
import json
import warnings
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.paths import CONF
from harmsweep.training.experiments.ablation import ablate


def main(*, snapshot: Path, out: Path, config: Path) -> dict[str, object]:
    path = ablate(snapshot, out=out, config=config)
    proposed = json.loads(path.read_text(encoding="utf-8"))["switched_off"]
    return {"ablation": str(path), "switched_off": proposed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--out", type=Path, required=True, help="folder of the ablations")
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    options = vars(parser.parse_args())
    # petastorm 0.13.1 calls interfaces that pyarrow 14 still has and says so at every row group.
    warnings.simplefilter("ignore", FutureWarning)
    finish(lambda: [json.dumps(main(**options))], parser.prog)
