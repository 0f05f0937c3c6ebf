"""Posts from the texts that were written for the sample."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml
from draft import Draft

TEXTS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "written.yaml").read_text(encoding="utf-8")
)
SPAMMERS = tuple(f"user-{number:04d}" for number in range(80, 84))
BOTS = tuple(f"user-{number:04d}" for number in range(84, 88))
HARMS = ("harassment", "violence", "sexism")
NOT_HARMFUL = dict.fromkeys(("hate", "spam", *HARMS), 0)
# How people hide a word from a filter: lookalike letters, digits, blanks, invisible characters.
LOOKALIKES = str.maketrans("aceopx", "\u0430\u0441\u0435\u043e\u0440\u0445")
LEET = str.maketrans("aeio", "4310")
DISGUISES: tuple[Callable[[str], str], ...] = (
    lambda word: word.translate(LOOKALIKES),
    lambda word: word.translate(LEET),
    " ".join,
    "\u200b".join,
)
# What a text that breaks one rule says of the others; insults to a group, and threats, may well be
# harassment too, so that label stays absent there.
HARMFUL = {
    "harassment": {"harassment": 1, "violence": 0, "sexism": 0},
    "violence": {"violence": 1, "sexism": 0},
    "sexism": {"sexism": 1, "violence": 0},
}


def written(seed: int) -> Iterator[Draft]:
    """All posts without pictures, in the order of the file."""
    for harm in HARMS:
        yield from _filled(TEXTS[harm]["harmful"], f"{harm}-harmful", 2, HARMFUL[harm], seed)
        yield from _disguised(harm, seed)
        harmless = dict.fromkeys(HARMS, 0)
        yield from _filled(TEXTS[harm]["harmless"], f"{harm}-harmless", 1, harmless, seed)
    yield from _filled(TEXTS["benign"], "benign", 1, NOT_HARMFUL, seed)
    for lang, texts in TEXTS["languages"].items():
        yield from _filled(texts, f"benign-{lang}", 1, NOT_HARMFUL, seed)
    yield from _long(seed)
    yield from _repeated(TEXTS["offers"], SPAMMERS, {"spam": 1}, seed)
    yield from _repeated(TEXTS["readings"], BOTS, {}, seed)


def _filled(
    templates: list[str], name: str, times: int, labels: dict[str, int], seed: int
) -> Iterator[Draft]:
    for number, template in enumerate(templates):
        group = f"{name}-{number:02d}"
        texts = _fillings(template, Random(f"{seed}:{group}"), times)
        for turn, text in enumerate(texts):
            yield Draft("written", f"{group}-{turn}", text, f"written-{group}", labels)


def _disguised(harm: str, seed: int) -> Iterator[Draft]:
    """Four of the harm's texts once more, with every word of over three letters in disguise."""
    for number, (template, disguise) in enumerate(
        zip(TEXTS[harm]["harmful"], DISGUISES, strict=False)
    ):
        group = f"{harm}-harmful-{number:02d}"
        (text,) = _fillings(template, Random(f"{seed}:{group}"), 1)
        # Every word of four letters and more: the parts at odd places of the split.
        parts = re.split(r"([A-Za-z]{4,})", text)
        hidden = "".join(disguise(p) if place % 2 else p for place, p in enumerate(parts))
        yield Draft("written", f"{group}-hidden", hidden, f"written-{group}", HARMFUL[harm])


def _fillings(template: str, rng: Random, times: int) -> list[str]:
    """The template with `times` different words in its braces; once where it has none."""
    slots = sorted(set(re.findall(r"\{(\w+)\}", template)))
    columns = [rng.sample(TEXTS["words"][slot], times) for slot in slots]
    rows = list(zip(*columns, strict=True)) or [()]
    return [template.format(**dict(zip(slots, row, strict=True))) for row in rows]


def _long(seed: int) -> Iterator[Draft]:
    """Posts of 300 and 600 words; two turn harmful only after them. All are one group."""
    for number, (times, harmful) in enumerate([(1, 0), (1, 0), (2, 0), (2, 0), (1, 1), (2, 1)]):
        sentences = list(TEXTS["long"]) * times
        Random(f"{seed}:long:{number}").shuffle(sentences)
        text = " ".join([*sentences, *([TEXTS["long_harmful"]] * harmful)])
        labels = HARMFUL["harassment"] if harmful else NOT_HARMFUL
        yield Draft("written", f"long-{number}", text, "written-long", labels)


def _repeated(
    texts: list[str], authors: tuple[str, ...], labels: dict[str, int], seed: int
) -> Iterator[Draft]:
    """Three near-copies of each text, by one account each."""
    for text, author in zip(texts, authors, strict=True):
        for turn in range(3):
            filled = text.format(n=Random(f"{seed}:{author}:{turn}").randrange(100, 999))
            key, group = f"{author}-{turn}", f"written-{author}"
            yield Draft("written", key, filled, group, labels, author=author)
