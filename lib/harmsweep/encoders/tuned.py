"""Layers of an encoder that were tuned on posts, and which posts those were."""

import json

from harmsweep.encoders.conf import Encoder
from harmsweep.files import FileRefused, check_file

# In the file's metadata: hashes of the groups whose posts the layers learned from, as JSON.
GROUPS = "groups"


def tuned_groups(encoder: Encoder) -> frozenset[str]:
    """Hashes of the groups that an encoder learned from, as a model's manifest lists them.

    None of an encoder without tuned layers.

    Raises:
        FileRefused: the file of the layers is another than conf pins, or does not say.
    """
    from safetensors import safe_open

    if encoder.tuned is None:
        return frozenset()
    path = encoder.tuned.file
    check_file(path, encoder.tuned.sha256)
    with safe_open(path, framework="numpy") as file:
        said = file.metadata() or {}
    if GROUPS not in said:
        raise FileRefused(f"{path}: does not say which groups it was tuned on")
    return frozenset(json.loads(said[GROUPS]))
