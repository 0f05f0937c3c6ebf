"""Random damage to what a lake keeps of a table: its files, its log and its seals."""

from pathlib import Path
from random import Random

from harmsweep.lake.seal_lines import place

KINDS = ("delete", "empty", "cut", "flip", "swap", "copy", "later", "blank")


def kept_files(lake: Path, name: str) -> list[Path]:
    """Every file of a table, its seals among them."""
    files = [path for path in (lake / name).rglob("*") if path.is_file()]
    return sorted([*files, *filter(Path.exists, [place(lake, name)])])


def damage(lake: Path, name: str, chance: Random) -> str:
    """Do one damage to a table; say what."""
    every = kept_files(lake, name)
    path, other = chance.sample(every, 2)
    kind, content = chance.choice(KINDS), path.read_bytes()
    start = chance.randrange(len(content)) if content else 0
    if kind == "swap":
        _put(path, other.read_bytes())
        _put(other, content)
    elif kind == "later":
        commits = sorted((lake / name / "_delta_log").glob("*.json"))
        for commit in commits[chance.randrange(len(commits)) :]:
            commit.unlink()
    else:
        flipped = bytes([content[start] ^ 1 << chance.randrange(8)]) if content else b""
        made = {
            "empty": b"",
            "cut": content[:start],
            "flip": content[:start] + flipped + content[start + 1 :],
            "copy": other.read_bytes(),
            "blank": content[:start]
            + bytes(len(content[start : start + 64]))
            + content[start + 64 :],
        }
        path.unlink()
        if kind != "delete":
            path.write_bytes(made[kind])
    return f"{kind} {path.relative_to(lake)} {other.name}"


def _put(path: Path, content: bytes) -> None:
    path.unlink()  # it may be another lake's too
    path.write_bytes(content)
