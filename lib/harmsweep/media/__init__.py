"""Media files as untrusted input: found, capped, hashed and decoded in a bounded child process.

What a file is, its content decides, never its name. Bad content is a status and a short reason
that quotes none of it.
"""

from harmsweep.media.bounded import FILES_PER_CALL, run_bounded, run_bounded_each
from harmsweep.media.clips import Frame, every_frame, sample_frames
from harmsweep.media.facts import MediaFacts, inspect_each, inspect_media
from harmsweep.media.files import local_media, open_media, read_image, resolve_media
from harmsweep.media.images import decode_image
from harmsweep.media.problem import MediaProblem

__all__ = [
    "FILES_PER_CALL",
    "Frame",
    "MediaFacts",
    "MediaProblem",
    "decode_image",
    "every_frame",
    "inspect_each",
    "inspect_media",
    "local_media",
    "open_media",
    "read_image",
    "resolve_media",
    "run_bounded",
    "run_bounded_each",
    "sample_frames",
]
