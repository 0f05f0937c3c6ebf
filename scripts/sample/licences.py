"""The page that says where every text, picture and clip of the sample comes from."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from draft import Draft
from pictures import SOURCES

PAGE = (Path(__file__).parent / "licences.template.md").read_text(encoding="utf-8")


def page(drafts: Sequence[Draft], media: Sequence[Path]) -> str:
    """The page for these posts and these files."""
    counts = Counter(draft.dataset for draft in drafts)
    made_with = {"skimage": "scikit-image", "pillow": "pillow", "av": "av"}
    versions = {key: version(package) for key, package in made_with.items()}
    return PAGE.format(pictures="\n".join(_rows(media)), **counts, **versions)


def _rows(media: Sequence[Path]) -> list[str]:
    files: dict[str, list[str]] = {}
    for path in media:
        files.setdefault(path.stem.split("-")[0], []).append(path.name)
    return [_row(name, names) for name, names in sorted(files.items())]


def _row(name: str, names: list[str]) -> str:
    drawn = ("none", "drawn by scripts/sample/pictures.py", "Apache-2.0")
    broken = ("none", "broken files made by scripts/sample/hostile.py", "Apache-2.0")
    source = SOURCES.get(name, broken if name == "hostile" else drawn)
    return f"| {name} | {' | '.join(source)} | {', '.join(names)} |"
