"""Pictures, memes and clips from openly licensed pictures and from scenes drawn here."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from random import Random

import av
import numpy as np
import skimage
from draft import Draft
from PIL import Image, ImageDraw, ImageFont
from written import TEXTS

SIDE = 320  # longest side in pixels
QUALITY = 70
FRAMES, RATE, CLIP = 24, 16, (192, 144)  # one and a half seconds
SKIMAGE = Path(skimage.__file__).parent / "data"
# File in scikit-image's wheel, and what its documentation says of source and licence.
SOURCES = {
    "brick": ("brick.png", "CC0Textures, Bricks25", "CC0-1.0"),
    "cell": ("cell.png", "Paul Müller and others, published with qpformat", "CC0-1.0"),
    "chelsea": ("chelsea.png", "Stefan van der Walt", "CC0-1.0"),
    "clock": ("clock_motion.png", "Stefan van der Walt", "public domain"),
    "coffee": ("coffee.png", "Rachel Michetti", "CC0-1.0"),
    "grass": ("grass.png", "DeviantArt, linolafett, Grass 01", "CC0-1.0"),
    "gravel": ("gravel.png", "CC0Textures, Gravel04", "CC0-1.0"),
    "horse": ("horse.png", "openclipart, Andreas Preuss (marauder)", "CC0-1.0"),
    "hubble": ("hubble_deep_field.jpg", "NASA, Hubble eXtreme Deep Field", "public domain"),
    "lesions": ("microaneurysms.png", "Andreas Maier", "CC0-1.0"),
    "retina": ("retina.jpg", "Wikimedia Commons, Mikael Häggström", "CC0-1.0"),
    "rocket": ("rocket.jpg", "SpaceX Photos", "public domain"),
    "text": ("text.png", "Wikipedia, File:Corner.png", "public domain"),
}
SCENES = tuple(f"scene{number:02d}" for number in range(13))
PICTURES = (*SOURCES, *SCENES)
PLAIN = ("chelsea", "coffee", "rocket", "hubble", "horse", "scene03")
CLIPS = ("chelsea", "coffee", "rocket", "gravel", "scene05")
# Files that come again under another name, smaller and compressed harder, as people repost.
REPOSTS = ("rocket-plain", "coffee-mocking", "hubble-friendly")


def pictured(out: Path, *, seed: int) -> Iterator[Draft]:
    """Posts with a picture or a clip, whose files are written beneath `out`.

    Every picture carries one mocking and one friendly meme, so that the picture alone tells
    nothing; all that shows one picture is one group.
    """
    (out / "media" / "images").mkdir(parents=True)
    (out / "media" / "videos").mkdir()
    for number, name in enumerate(PLAIN):
        uri = _saved(picture(name, seed), out, f"{name}-plain.jpg")
        yield _shown(f"{name}-plain", TEXTS["plain_pictures"][number], uri, name)
    # The same picture and words once more, as people repost.
    yield _shown(
        "chelsea-again", TEXTS["plain_pictures"][0], uri_of("chelsea-plain.jpg"), "chelsea"
    )
    for label, kind in ((1, "mocking"), (0, "friendly")):
        captions = list(TEXTS["memes"][kind])
        Random(f"{seed}:{kind}").shuffle(captions)
        for number, (name, caption) in enumerate(zip(PICTURES, captions, strict=True)):
            uri = _saved(meme(picture(name, seed), caption), out, f"{name}-{kind}.jpg")
            # Two in three say the words in the post too; of the others only the picture speaks.
            text = "" if number % 3 == 0 else caption
            yield _shown(f"{name}-{kind}", text, uri, name, {"harmful_meme": label})
    for name, text in zip(REPOSTS, TEXTS["reposts"], strict=True):
        again = Image.open(out / uri_of(f"{name}.jpg"))
        uri = uri_of(f"{name}-again.jpg")
        again.resize((again.width * 3 // 5, again.height * 3 // 5)).save(out / uri, quality=40)
        yield _shown(f"{name}-again", text, uri, name.partition("-")[0])
    for number, name in enumerate(CLIPS):
        uri = f"media/videos/{name}.mp4"
        write_clip(picture(name, seed), out / uri)
        media = ({"kind": "video", "uri": uri},)
        text, group = TEXTS["clips"][number], f"picture-{name}"
        yield Draft("drawn", f"{name}-clip", text, group, media=media)


def _shown(key: str, text: str, uri: str, name: str, labels: dict[str, int] | None = None) -> Draft:
    media = ({"kind": "image", "uri": uri},)
    return Draft("drawn", key, text, f"picture-{name}", labels or {}, media)


def uri_of(name: str) -> str:
    """Reference of a picture, relative to the landing zone."""
    return f"media/images/{name}"


def _saved(image: Image.Image, out: Path, name: str) -> str:
    image.save(out / uri_of(name), quality=QUALITY)
    return uri_of(name)


def picture(name: str, seed: int) -> Image.Image:
    """The named picture, `SIDE` pixels on its longer side."""
    if name in SCENES:
        return scene(Random(f"{seed}:{name}"))
    image = Image.open(SKIMAGE / SOURCES[name][0]).convert("RGB")
    scale = SIDE / max(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)))


def scene(rng: Random) -> Image.Image:
    """A landscape of flat shapes: sky, sun, hills and a few houses."""
    width, height = SIDE, 240
    image = Image.new("RGB", (width, height), _colour(rng, 120, 255))
    draw = ImageDraw.Draw(image)
    x, y, size = rng.randrange(width), rng.randrange(20, 100), rng.randrange(10, 40)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=_colour(rng, 200, 255))
    for _ in range(rng.randrange(1, 4)):
        middle, peak = rng.randrange(width), rng.randrange(80, 160)
        foot = rng.randrange(80, 200)
        hill = [(middle - foot, height), (middle, peak), (middle + foot, height)]
        draw.polygon(hill, fill=_colour(rng, 40, 160))
    for _ in range(rng.randrange(0, 6)):
        left, side = rng.randrange(width - 50), rng.randrange(20, 50)
        draw.rectangle((left, height - side, left + side, height), fill=_colour(rng, 60, 230))
        roof = [(left - 5, height - side), (left + side // 2, height - side - 20)]
        draw.polygon([*roof, (left + side + 5, height - side)], fill=_colour(rng, 100, 200))
    return image


def _colour(rng: Random, low: int, high: int) -> tuple[int, int, int]:
    return rng.randrange(low, high), rng.randrange(low, high), rng.randrange(low, high)


def meme(image: Image.Image, caption: str) -> Image.Image:
    """The picture with its caption drawn across the top, white with a black edge."""
    drawn = image.copy()
    font = ImageFont.load_default(20)
    words = textwrap.fill(caption.upper(), width=max(10, image.width // 13))
    draw = ImageDraw.Draw(drawn)
    place = (image.width / 2, 6)
    draw.multiline_text(
        place, words, "white", font, "ma", align="center", stroke_width=2, stroke_fill="black"
    )
    return drawn


def write_clip(image: Image.Image, path: Path) -> None:
    """Pan over the picture from left to right.

    MPEG-4 part 2: on the flattest clip, x264 gave other bytes in one run of ten.
    """
    width, height = CLIP
    wide = image.resize((width * 2, max(height, image.height * width * 2 // image.width)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE, options={"flags": "+bitexact"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FRAMES):
            left = number * width // FRAMES
            planes = _planes(wide.crop((left, 0, left + width, height)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())


def _planes(image: Image.Image) -> np.ndarray:
    """Luma over halved chroma; by Pillow, so that bytes repeat."""
    luma, *chroma = image.convert("YCbCr").split()
    halved = [plane.resize((plane.width // 2, plane.height // 2)) for plane in chroma]
    return np.concatenate([np.asarray(plane).reshape(-1, image.width) for plane in (luma, *halved)])
