"""`harmsweep bank`: who may do what, and what it says."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from harmsweep.errors import REFUSED, USAGE
from harmsweep.known_media.banks import entries
from harmsweep.media.pdq import distances, packed
from harmsweep.operations import audit
from harmsweep.paths import ROOT

Call = Callable[..., tuple[int, str, str]]
ONE, TWO = "1e" * 32, "2d" * 32
PICTURE = ROOT / "tests" / "sample" / "media" / "images" / "coffee-plain.jpg"
OPTIONS = ("--bank", "memes", "--kind", "hate")


@pytest.fixture
def bank(call: Call, lake: Path) -> Call:
    """A function that calls `harmsweep bank` on a lake."""
    return lambda *arguments: call("bank", *arguments, "--lake", lake)


@pytest.fixture
def by(bank: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A function that calls `harmsweep bank` as a user of the system."""

    def called(name: str, *arguments: str) -> tuple[int, str, str]:
        for module in (import_module("harmsweep.cli.bank"), audit):
            monkeypatch.setattr(module, "operator", lambda: name)
        return bank(*arguments)

    return called


def test_two_people_put_a_hash_into_use_and_one_takes_it_out(by: Call, bank: Call) -> None:
    said = [
        by("ana", "add", ONE, *OPTIONS, "--expires", "2027-01-01"),
        by("ana", "confirm", ONE, "--bank", "memes"),
        by("ben", "confirm", ONE, "--bank", "memes"),
        by("ana", "add", ONE.upper(), TWO, *OPTIONS),
        by("eve", "remove", ONE, "--bank", "memes", "--reason", "no meme"),
    ]
    assert [(code, out.strip()) for code, out, _ in said] == [
        (0, "memes: 1 added in quarantine, 0 there before"),
        (REFUSED, ""),
        (0, "memes: 1 confirmed, 0 active before"),
        (0, "memes: 1 added in quarantine, 1 there before"),
        (0, "memes: 1 removed, 0 removed before"),
    ]
    assert said[1][2] == (
        "harmsweep: ana added 1e1e1e1e1e1e to memes: a second person must confirm\n"
    )
    _, out, _ = bank("list", "--status", "removed")
    line = " ".join(out.split())
    assert f"memes hate {ONE} removed no meme added ana, confirmed ben, removed eve 100" in line
    assert "2027-01-01" in line
    assert TWO not in line


def test_nobody_acts_under_a_typed_name(bank: Call, lake: Path) -> None:
    assert bank("add", ONE, *OPTIONS, "--by", "ben")[0] == USAGE
    assert bank("add", ONE, *OPTIONS)[0] == 0
    assert [entry.added_by for entry in entries(lake)] == [audit.operator()]


def test_a_picture_file_goes_in_by_its_hash(bank: Call, lake: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other name.jpg"
    Image.open(PICTURE).resize((160, 120)).save(copy, quality=15)
    assert bank("add", PICTURE, copy, *OPTIONS)[0] == 0
    first, second = packed(entry.hash for entry in entries(lake))
    assert distances(first, second) <= 31


@pytest.mark.parametrize("kind", ["plain", "broken", "missing"])
def test_what_gives_no_good_hash_is_refused(bank: Call, lake: Path, tmp_path: Path, kind: str):
    file = tmp_path / "odd.png"
    if kind == "plain":
        Image.new("RGB", (300, 300), "navy").save(file)
    elif kind == "broken":
        file.write_bytes(PICTURE.read_bytes()[:900])
    code, _, err = bank("add", file, *OPTIONS)
    assert code == REFUSED
    assert err.count("\n") == 1
    wanted = {"plain": "too plain", "broken": "undecodable", "missing": "neither a picture file"}
    assert wanted[kind] in err
    assert entries(lake) == []


def test_an_import_is_whole_or_not_at_all(bank: Call, lake: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"name,hash\na,{ONE}\nb,{TWO}\nc,{ONE}\n")
    bad.write_text(f"name,hash\na,{'3c' * 32}\nb,zz\n")
    assert bank("import", bad, *OPTIONS)[2].endswith("bad.csv:3: 'zz' is no PDQ hash\n")
    assert entries(lake) == []
    said = [bank("import", good, *OPTIONS)[1].strip() for _ in range(2)]
    assert said == [
        "memes: 2 added in quarantine, 0 there before",
        "memes: 0 added in quarantine, 2 there before",
    ]


def test_the_list_shows_severe_banks_only_where_it_is_asked(bank: Call) -> None:
    severe = ("--bank", "worst", "--kind", "severe", "--contact", "duty officer")
    bank("add", ONE, *severe)
    assert "worst" not in bank("list")[1]
    assert "worst" in bank("list", "--severe")[1]
