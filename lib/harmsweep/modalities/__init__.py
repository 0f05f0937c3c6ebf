"""The modalities: each module has EXAMPLES, BUFFER, load, prepare and embed."""

from types import ModuleType

from harmsweep.modalities import image, text, video

MODALITIES: dict[str, ModuleType] = {"text": text, "image": image, "video": video}
