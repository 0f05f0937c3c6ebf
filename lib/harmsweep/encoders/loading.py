"""The encoders by kind, and one loaded once in a process."""

from functools import lru_cache
from types import ModuleType
from typing import Any

from harmsweep.encoders import image, text, video
from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.device import Device
from harmsweep.logs import log

# The modalities: each module has EXAMPLES, BUFFER, load, prepare and embed.
MODALITIES: dict[str, ModuleType] = {"text": text, "image": image, "video": video}


@lru_cache(maxsize=4)
def load_model(encoder: str, device: Device) -> Any:
    """The loaded model of an encoder (its JSON), once a Python worker and device."""
    parsed = Encoder.model_validate_json(encoder)
    if device.wasted:
        log("embed").warning(device.reason, encoder_id=parsed.encoder_id, device=device.name)
    return MODALITIES[parsed.modality].load(parsed, device.name)
