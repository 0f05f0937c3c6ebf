"""Every file of conf/ is loaded whole, or refused in one line that cites file, line and key."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cost import Rates
from pydantic import Field, ValidationError, model_validator

from harmsweep.conf import ConfRefused, FieldFault, Frozen, fault_lines, load
from harmsweep.encoders.conf import declared_encoders, load_encoders
from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.enforcement.conf import load_bounds
from harmsweep.errors import REFUSED, exit_code
from harmsweep.explanations.conf import load_notices
from harmsweep.explanations.identity import load_identity_terms
from harmsweep.harms import load_harms
from harmsweep.media.conf import load_limits
from harmsweep.model.conf import load_training
from harmsweep.paths import CONF, JOBS
from harmsweep.pipeline.conf import load_schedule
from harmsweep.policy.file import load_policy
from harmsweep.policy.places import declared_surfaces
from harmsweep.release.conf import load_release
from harmsweep.training.experiments.conf import load_search
from harmsweep.training.fine_tuning.conf import load_fine_tuning, load_sentences
from harmsweep.training.videomoco.conf import load_options

LOADERS: dict[str, Callable[[Path], Any]] = {
    "harms.yaml": load_harms,
    "encoders.yaml": load_encoders,
    "ocr.yaml": load_ocr_conf,
    "media.yaml": load_limits,
    "training.yaml": load_training,
    "enforcement.yaml": load_bounds,
    "policy/default.yaml": load_policy,
    "policy/demonstration.yaml": load_policy,
    "release.yaml": load_release,
    "search.yaml": load_search,
    "videomoco.yaml": load_options,
    "fine_tuning.yaml": load_fine_tuning,
    "contrast.yaml": load_sentences,
    "notices.yaml": load_notices,
    "schedule.yaml": load_schedule,
    "places.yaml": declared_surfaces,
    "identity_terms.yaml": load_identity_terms,
    "rates.json": partial(load, kind=Rates),
}
# Airflow reads the first; the second are a model's, and verified as such.
OTHERS = ("airflow/", "model/")


class Case(NamedTuple):
    """The key that is cited, what is changed in a file into what, and the reason.

    The line that is cited is the first one that changed, or else the one that reads `line`.
    """

    key: str
    old: str
    new: str
    what: str
    line: str | None = None


CASES: dict[str, list[Case]] = {
    "schedule.yaml": [
        Case("late_days", "late_days: 60", "late_days: 2", "2 is refused: Input should be greater"),
        Case("late_days", "late_days: 60", "late_days: '60'", "'60' is refused"),
        Case("days", "late_days: 60", "days: 60", "unknown key; known"),
    ],
    "fine_tuning.yaml": [
        Case("layers", "layers: 2", "layers: 0", "0 is refused: Input should be greater"),
        Case("contrast.weight", "  weight: 0", "  weight: -1", "-1 is refused: "),
        Case("colour", "epochs: 4", "colour: red", "unknown key; known"),
    ],
    "contrast.yaml": [
        Case("harm", "harm: hate", "harm: weeds", "'weeds' is none of conf/harms.yaml"),
        Case("hateful.0", "{group} disgust me", "They disgust me", "has no {group}"),
        Case("objections.1", "Nobody should say \"{hateful}\"", "No", "has no {hateful}"),
    ],
    "harms.yaml": [
        Case("harms.hate.colour", "  hate:\n", "  hate:\n    colour: red\n", "unknown key; known"),
        Case("harms.violence.severe", "   severe: true", "   severe: very", "'very' is refused"),
        Case("harms.hate.description", "description: Attacks", 'description: ""  #', "'' is"),
        Case("harms.Hate", "  hate:", "  Hate:", "'Hate' is refused: "),
        Case("harms.fake_account.applies_to", ": account\n", ": group\n", "'post' or 'account'"),
    ],
    "encoders.yaml": [
        Case(
            "encoders.minilm-l6-v2.colour",
            "    modality: text",
            "    colour: red\n    modality: text",
            "unknown key; known are files, kind, modality, path, precision, preprocessing, source",
        ),
        Case("encoders.minilm-l6-v2.width", "width: 384", "width: wide", "'wide' is refused: "),
        Case("encoders.minilm-l6-v2.width", "width: 384", "width: 0", "0 is refused: "),
        Case("encoders.minilm-l6-v2.precision", "precision: bf16", "precision: fp8", "'fp32' or"),
        Case(
            "encoders.minilm-l6-v2.files",
            "model.safetensors: 53aa",
            "m.bin: 53aa",
            "lacks model.safetensors",
            line="    files:",
        ),
        Case("inputs", "  text: mini", "  text: maxi", "inputs must be (", line="inputs:"),
        # A union: every branch says what it would allow.
        Case(
            "encoders.minilm-l6-v2.preprocessing.window",
            "{window: 256,",
            "{window: {a: 1},",
            "valid integer or Input should be a valid number or Input should be a valid string",
        ),
    ],
    "ocr.yaml": [
        Case("settings.colour", "settings:\n", "settings:\n  colour: red\n", "known are batch, m"),
        Case("settings.min_side", "min_side: 320", "min_side: [320]", "[320] is refused: "),
        Case("settings.min_side", "min_side: 320", "min_side: 31", "31 is refused: "),
    ],
    "media.yaml": [
        Case(
            "image.colour", "image:\n", "image:\n  colour: red\n", "bytes, decoded_pixels, pixels"
        ),
        Case("image.bytes", "bytes: 33554432", "bytes: many", "'many' is refused: "),
        Case("video.seconds", "seconds: 14400", "seconds: 0", "0 is refused: "),
        Case("video.seconds", "seconds: 14400", "seconds: .inf", "inf is refused: "),
        Case("video.codecs", "codecs: [h264,", "codecs: []  #", "[] is refused: "),
        Case("fetch_seconds", "fetch_seconds: 60", "fetch_seconds:", "None is refused: "),
    ],
    "training.yaml": [
        Case("fit.colour", "fit:\n", "fit:\n  colour: red\n", "unknown key; known are batch, "),
        Case("fit.hidden", "hidden: 96", "hidden: wide", "'wide' is refused: "),
        Case("fit.dropout", "dropout: 0.5", "dropout: 1.0", "1.0 is refused: "),
        Case("features.verified", "verified: none", "verified: log", "'log1p' or 'none'"),
        Case("features.age", "features:\n", "features:\n  age: none\n", "['age'] are never"),
        Case("switched_off.hate", "off: {}", "off: {hate: [sound]}", "['sound'] is none of"),
        Case("switched_off.rage", "off: {}", "off: {rage: [image]}", "conf declares no harm"),
        Case("inputs", "inputs: [text,", "inputs: []  #", "[] is refused: "),
    ],
    "enforcement.yaml": [
        Case("forecast.colour", "{weeks: 4,", "{colour: red, weeks: 4,", "known are factor, fl"),
        Case("appeal_days", "appeal_days: 14", "appeal_days: soon", "'soon' is refused: "),
        Case("forecast.quantile", "quantile: 0.999", "quantile: 1.0", "1.0 is refused: "),
        Case("webhook.url", 'url: ""', 'url: "http://example.com"', "'http://example.com' is"),
    ],
    "policy/default.yaml": [
        Case("comments.colour", "{review: 0.9}", "{review: 0.9, colour: red}", "known are review"),
        Case("near_margin", "near_margin: 0.1", "near_margin: wide", "'wide' is refused: "),
        Case("comments.review", "{review: 0.9}", "{review: 1.5}", "1.5 is refused: "),
    ],
    "policy/demonstration.yaml": [
        Case("caps.default.colour", "{apply: 2000,", "{colour: red, apply: 2000,", "known are ap"),
        Case("near_margin", "near_margin: 0.1", "near_margin: wide", "'wide' is refused: "),
        Case("caps.default.apply", "{apply: 2000,", "{apply: -1,", "-1 is refused: "),
    ],
    "release.yaml": [
        Case("seed", "seed: 7", "seed: 7.5", "7.5 is refused: "),
        Case("resamples", "resamples: 2000", "resamples: 199", "199 is refused: "),
        Case("min_speed", "min_speed: 0.7", "min_speed: .nan", "nan is refused: "),
    ],
    "search.yaml": [
        Case("space.c.colour", "c: {low: 0.1,", "c: {colour: red, low: 0.1,", "known are high, l"),
        Case("space.c.low", "c: {low: 0.1,", "c: {low: few,", "'few' is refused: "),
        Case("startup_trials", "startup_trials: 5", "startup_trials: 0", "0 is refused: "),
        Case("space.hidden", "{values: [32, 64, 96]}", "{values: []}", "needs low and high, or"),
        Case("space.size", "  hidden:", "  size:", "fit has no ['size']"),
        Case("sampler", "sampler: tpe", "sampler: random", "'random' is refused: "),
    ],
    "videomoco.yaml": [
        Case("epochs", "epochs: 200", "epochs: many", "'many' is refused: "),
        Case("batch", "batch: 32", "batch: 1", "1 is refused: "),
        Case("frames", "\nframes: 32", "\nframes: 97", "97 is over kept_frames: 96"),
        Case("drop", "drop: 0.25", "drop: 0.01", "less than one frame"),
    ],
    "notices.yaml": [
        Case("until.colour", "until:\n", "until:\n  colour: red\n", "known are end, open"),
        Case("until.open", "open: This", "open: [This]  #", "['This'] is refused: "),
        Case("until.end", '"This ends by itself on {date}."', '"It ends."', "match pattern"),
        Case("causes.let_go.detected", '"Yes"\n  copy', 'maybe\n  copy', "'Yes' or 'No'"),
    ],
    "places.yaml": [
        Case("surfaces.0", "feed", "the feed", "String should match pattern"),
        Case("surfaces", "[feed, reply, stories, ads]", "[]", "at least 1 item"),
    ],
    "identity_terms.yaml": [
        Case("terms.0", "  african,", "  A1,", "String should match pattern"),
    ],
    "rates.json": [
        Case("steps.0.colour", '  {\n   "name"', '  {\n   "colour": 1, "name"', "unknown key"),
        Case("hours_to_finish", '_finish": 6', '_finish": "six"', "'six' is refused: "),
        Case("used_share_of_time", "_time\": 0.7", "_time\": 1.7", "1.7 is refused: "),
        Case("steps.0.unit", '"unit": "posts"', '"unit": "words"', "'words' is not in per_post"),
    ],
}  # fmt: skip
ALL_CASES = [
    pytest.param(name, case, id=f"{name}: {case.key}: {case.what}")
    for name, cases in CASES.items()
    for case in cases
]


def refusal(name: str, path: Path) -> str:
    """The one line by which a file is refused, with the exit code of refusals."""
    with pytest.raises(ConfRefused) as caught:
        LOADERS[name](path)
    assert exit_code(caught.value) == REFUSED
    assert "\n" not in str(caught.value)
    return str(caught.value)


def text_of(name: str) -> str:
    return (CONF / name).read_text(encoding="utf-8")


def test_every_file_of_conf_has_its_loader() -> None:
    files = (path for ending in ("yaml", "json") for path in CONF.rglob(f"*.{ending}"))
    names = {path.relative_to(CONF).as_posix() for path in files}
    assert {name for name in names if not name.startswith(OTHERS)} == LOADERS.keys()
    assert CASES.keys() == LOADERS.keys()


@pytest.mark.parametrize("name", sorted(LOADERS.keys() - {"policy/demonstration.yaml"}))
def test_the_file_that_ships_is_loaded(name: str) -> None:
    assert LOADERS[name](CONF / name)


def test_the_policy_of_the_demonstration_lacks_its_model_alone() -> None:
    name = "policy/demonstration.yaml"
    reason = ":7: approved_models: a demonstration policy must name its model"
    assert refusal(name, CONF / name) == f"{CONF / name}{reason}"


@pytest.mark.parametrize(("name", "case"), ALL_CASES)
def test_a_fault_is_cited_with_its_line_its_key_and_what_is_allowed(
    name: str, case: Case, tmp_path: Path
) -> None:
    text, path = text_of(name), tmp_path / "conf.yaml"
    assert case.old in text
    changed = text.replace(case.old, case.new, 1)
    path.write_text(changed, encoding="utf-8")
    before, after = text.splitlines(), changed.splitlines()
    first = next(n for n, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    line = 1 + (before.index(case.line) if case.line else first)
    message = refusal(name, path)
    assert message.startswith(f"{path}:{line}: {case.key}: ")
    assert case.what in message


@pytest.mark.parametrize("name", LOADERS)
def test_an_unknown_key_is_cited_and_the_known_ones_named(name: str, tmp_path: Path) -> None:
    path, text = tmp_path / "conf.yaml", text_of(name)
    in_json = name.endswith("json")
    changed = text.replace("{", '{"hue": 1,', 1) if in_json else f"{text}hue: 1"
    path.write_text(changed, encoding="utf-8")
    line = 1 if in_json else len(changed.splitlines())
    assert refusal(name, path).startswith(f"{path}:{line}: hue: unknown key; known are ")


@pytest.mark.parametrize("name", LOADERS)
def test_a_key_that_is_left_out_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "conf.yaml"
    path.write_text("{}\n")
    assert ":1: " in (message := refusal(name, path))
    assert ": is required" in message


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "1: file: None is refused: Input should be a mapping of keys to values"),
        (b"- a\n", "1: file: ['a'] is refused: Input should be a mapping of keys to values"),
        (b"a: 1\nb: \xff\n", "2: not UTF-8"),
        (b"a: 1\nb: [1\n", "3: expected ',' or ']', but got '<stream end>'"),
        (b"a: 1\na: 2\n", "2: key 'a' is given twice"),
        (b"a: &a 1\nb: *a\n", "1: an anchor is used again; write the value out"),
        (b"a: !!python/name:os.system 1\n", "1: could not determine a constructor for the tag"),
        (b"a: 2026-13-01\n", "1: no plain value: month must be in 1..12"),
        (b"[" * 5000, "1: nested too deeply"),
    ],
)
def test_what_is_no_plain_mapping_is_refused(
    name: str, content: bytes, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "conf.yaml"
    path.write_bytes(content)
    assert refusal(name, path).startswith(f"{path}:{what}")


@pytest.mark.parametrize("name", LOADERS)
def test_a_file_that_is_missing_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "conf.yaml"
    assert refusal(name, path) == f"{path}:1: No such file or directory"


def test_all_encoders_that_are_declared_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "encoders.yaml"
    path.write_text(text_of("encoders.yaml").replace("width: 384", "width: 0"))
    with pytest.raises(ConfRefused, match=r":29: encoders\.minilm-l6-v2\.width: 0 is refused"):
        declared_encoders(path)


class Box(Frozen):
    """A section whose check points at one of its keys."""

    low: int = 0
    high: int = Field(default=9, le=9)
    tags: Mapping[str, tuple[int | None, ...]] = {}

    @model_validator(mode="after")
    def _in_order(self) -> "Box":
        if self.low > self.high:
            raise FieldFault(("low",), f"{self.low} is above high: {self.high}")
        return self


class Boxes(Frozen):
    """Sections in a list, and one that may be absent."""

    boxes: tuple[Box, ...]
    spare: Box | None = None

    @model_validator(mode="after")
    def _has_boxes(self) -> "Boxes":
        if not self.boxes:
            raise ValueError("no box at all")
        return self


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("boxes:\n- low: 1\n- high: 8\n  low: 9\n", "4: boxes.1.low: 9 is above high: 8"),
        ("boxes:\n- low: 12\n", "2: boxes.0.low: 12 is above high: 9"),
        ("boxes: []\n", "1: file: no box at all"),
        ("boxes: []\nspare:\n  hi: 1\n", "3: spare.hi: unknown key; known are high, low, tags"),
        ("boxes:\n- tags:\n    a:\n    - 1\n    - b\n", "5: boxes.0.tags.a.1: 'b' is refused: "),
        ("boxes:\n- tags:\n    1: []\n", "3: boxes.0.tags.1: 1 is refused: Input should be a"),
        ("boxes: []\n7: a\n", "2: 7: 7 is refused: Keys should be strings"),
        ("- low: 1\n", "1: file: [{'low': 1}] is refused: Input should be a mapping"),
    ],
    ids=str,
)
def test_a_fault_is_cited_where_it_is(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "boxes.yaml"
    path.write_text(text)
    with pytest.raises(ConfRefused) as caught:
        load(path, Boxes)
    assert str(caught.value).startswith(f"{path}:{message}")


def test_every_fault_is_cited(tmp_path: Path) -> None:
    path = tmp_path / "boxes.yaml"
    path.write_text("spare: {high: 10}\nboxes: [{low: a}, {high: 11}]\n")
    with pytest.raises(ConfRefused, match=r":1: spare\.high: 10 .*; line 2: .*; line 2: "):
        load(path, Boxes)


def test_the_faults_of_what_is_no_file_of_conf_are_lines_without_values() -> None:
    with pytest.raises(ValidationError) as caught:
        Boxes.model_validate({"boxes": [{"low": 12}], "spare": {"high": 10}})
    assert fault_lines(caught.value) == [
        "boxes.0.low: 12 is above high: 9",
        "spare.high: Input should be less than or equal to 9",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ([str(JOBS / "enforce.py"), "--help"], "enforce.py"),
        (["-m", "harmsweep.cli.bank"], "bank.py"),
    ],
    ids=["a job", "a command of the console"],
)
def test_harms_that_are_refused_end_every_command_with_one_line(
    command: list[str], name: str, tmp_path: Path
) -> None:
    path = tmp_path / "conf" / "harms.yaml"
    path.parent.mkdir()
    path.write_text(text_of("harms.yaml").replace("policy:", "polici:", 1))
    home = os.environ | {"HARMSWEEP_HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, *command], env=home, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (REFUSED, "")
    line = text_of("harms.yaml").splitlines().index("harms:") + 4
    message = f"{path}:{line}: harms.hate.polici: unknown key; known are applies_to, description"
    assert ended.stderr.startswith(f"{name}: ConfRefused: {message}")
    assert ended.stderr.count("\n") == 1
