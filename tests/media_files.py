"""Hostile media by their structure: small files that ask a decoder for much work."""

import io
import struct
import zlib
from collections.abc import Iterator

import av
import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    """The picture in a format of Pillow's."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG of a flat square whose last scan is there so often."""
    data = encoded(Image.new("RGB", (side, side), (90, 120, 60)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def wrong_tags(tags: int) -> bytes:
    """A JPEG whose EXIF has so many tags that each say that they hold 2 GB."""
    entries = b"".join(struct.pack(">HHII", 36864 + n, 2, 4000, 1 << 31) for n in range(tags))
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", tags) + entries + bytes(4)
    return encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *, colour: int = 6) -> bytes:
    """A PNG of one shade, 8 bits a channel: a few hundredths of a byte a pixel."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (width * channels + 1)) for _ in range(height))
    body = chunk(b"IDAT", rows + packer.flush())
    return SIGNATURE + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def with_chunks(data: bytes, chunks: int, kind: bytes = b"prIv", body: bytes = b"") -> bytes:
    """The PNG with so many further chunks behind its header."""
    return data[:33] + chunk(kind, body) * chunks + data[33:]


def flat_animation(form: str, side: int, frames: int) -> bytes:
    """An animation of a square whose frames differ by a corner."""
    return encoded(
        Image.new("RGB", (side, side)),
        form,
        save_all=True,
        append_images=_Frames(side, frames - 1),
        duration=100,
    )


class _Frames:
    """The frames after the first, made when asked for: a writer may go through them twice."""

    def __init__(self, side: int, count: int) -> None:
        self.side, self.count = side, count

    def __iter__(self) -> Iterator[Image.Image]:
        for number in range(1, self.count + 1):
            frame = Image.new("RGB", (self.side, self.side))
            frame.paste((255 * (number % 2), number * 53 % 256, 0), (0, 0, 64, 64))
            yield frame


def mp4(*, side: int = 64, frames: int = 12, tracks: int = 1) -> bytes:
    """An H.264 clip, with its track there so often."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("h264", rate=10)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for number in range(frames):
            shade = np.full((side, side, 3), number * 20 % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
    data = file.getvalue()
    return data if tracks == 1 else _repeated_track(data, tracks)


def _repeated_track(data: bytes, tracks: int) -> bytes:
    """The clip, whose `moov` stands at the end, with its `trak` repeated under new numbers."""
    movie = data.rindex(b"moov") - 4
    start = data.index(b"trak", movie) - 4
    end = start + int.from_bytes(data[start : start + 4])
    number = data.index(b"tkhd", start) + 16
    more = b"".join(
        data[start:number] + struct.pack(">I", track) + data[number + 4 : end]
        for track in range(2, tracks + 1)
    )
    size = struct.pack(">I", len(data) - movie + len(more))
    return data[:movie] + size + data[movie + 4 : end] + more + data[end:]
