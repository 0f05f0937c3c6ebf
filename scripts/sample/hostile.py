"""Items that a landing zone should not hold, and does."""

from collections.abc import Iterator
from pathlib import Path

from draft import Draft
from pictures import picture, uri_of, write_clip
from PIL import Image

FIRST, SECOND, THIRD = "2026-10-01", "2026-10-02", "2026-10-03"
NO_ACCOUNT = "user-9999"
BROKEN_LINE = '{"post_id": "hostile-broken-line", "text": "this line ends in the middle of a wo'
STRANGE_LABEL = {"harm": "rudeness", "label": 1, "source": "hand", "dataset": "hostile"}


CUT_CLIP, PLAYLIST = "media/videos/hostile-truncated.mp4", "media/videos/hostile-playlist.mp4"


def write_hostile_media(out: Path, *, seed: int) -> None:
    """A JPEG and a clip that end half-way, texts that are called PNG and MP4, a huge flat PNG."""
    whole = out / uri_of("hostile-truncated.jpg")
    picture("scene00", seed).save(whole, quality=90)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (out / uri_of("hostile-text.png")).write_text("This is no picture.\n", encoding="utf-8")
    # 88 megapixels in 11 KB; Pillow's own limit lets it through and takes 447 MB in colour.
    Image.new("1", (9400, 9400)).save(out / uri_of("hostile-huge.png"), optimize=True)
    write_clip(picture("scene00", seed), out / CUT_CLIP)
    clip = (out / CUT_CLIP).read_bytes()
    (out / CUT_CLIP).write_bytes(clip[: len(clip) // 2])
    playlist = "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    (out / PLAYLIST).write_text(playlist, encoding="utf-8")


def hostile() -> Iterator[Draft]:
    """One post for each bad item; `fields` sets the day, and what follows the original."""
    yield _post("truncated-jpeg", FIRST, uri=uri_of("hostile-truncated.jpg"))
    yield _post("text-named-png", FIRST, uri=uri_of("hostile-text.png"))
    yield _post("huge-png", FIRST, uri=uri_of("hostile-huge.png"))
    yield _post("truncated-clip", SECOND, uri=CUT_CLIP)
    yield _post("playlist-named-mp4", THIRD, uri=PLAYLIST)
    yield _post("missing-media", SECOND, uri=uri_of("hostile-missing.jpg"))
    yield _post("path-traversal", SECOND, uri="../../etc/passwd")
    yield _post("nul-in-text", SECOND, text="Bytes that are \x00 no \x00 letters.")
    yield _post("lone-surrogate", SECOND, text="Half of a smile: \ud83d and no more.")
    yield _post("no-account", FIRST, author=NO_ACCOUNT)
    yield _post("duplicate", SECOND, then="duplicate")
    yield _post("edited", FIRST, text="What a lovely morning at the lake.", then="edited")
    yield _post("deleted", FIRST, then="deleted")
    yield _post("late", FIRST, then="late")


def _post(
    key: str,
    day: str,
    *,
    text: str = "An item that tests the landing zone.",
    uri: str | None = None,
    author: str | None = None,
    then: str | None = None,
) -> Draft:
    kind = "video" if uri and uri.endswith(".mp4") else "image"
    media = ({"kind": kind, "uri": uri},) if uri else ()
    name = f"hostile-{key}"
    fields = {"day": day, "then": then}
    return Draft("hostile", name, text, name, media=media, author=author, fields=fields)
