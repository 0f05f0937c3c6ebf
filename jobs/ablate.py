"""Find what each modality is worth to each head; run with the trainer's own Python.

Prints one line of JSON: the ablation's path, and the modalities that it proposes to switch off.
"""

import json
from pathlib import Path

from harmsweep.training.experiments.ablation import ablate
from harmsweep.training.trainer_job import parser, run


def main(*, snapshot: Path, out: Path, config: Path) -> dict[str, object]:
    path = ablate(snapshot, out=out, config=config)
    proposed = json.loads(path.read_text(encoding="utf-8"))["switched_off"]
    return {"ablation": str(path), "switched_off": proposed}


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the ablations")
    run(main, arguments)
