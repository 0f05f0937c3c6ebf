"""How long hostile texts take: each kind at 1,000, 10,000 and 100,000 characters, on one core.

Prints the seconds of a text's words (clean, normal, language, counts) and of its windows, and
whether its budget left some of it as written.

    .venv/bin/python scripts/benchmarks/hostile_texts.py
"""

# ruff: noqa: RUF001 (letters that look alike are what is tested)

import argparse
import time
from collections.abc import Callable
from random import Random
from string import ascii_lowercase

from harmsweep.model.text_windows import text_windows
from harmsweep.text.words import words

SIZES = (1_000, 10_000, 100_000)
SENTENCE = "the people of this town come back here again because they ask for more"
PROSE = SENTENCE.split()
MARKS = [*"\u0301\u0327\u0336"]


def hostile(characters: int, *, seed: int = 5) -> dict[str, str]:
    """Hostile texts of at most so many characters, by kind."""
    rng = Random(seed)
    texts = {**_of_letters(characters, rng), **_of_units(characters, rng)}
    return {name: text[:characters] for name, text in texts.items()}


def _of_letters(characters: int, rng: Random) -> dict[str, str]:
    """One run of letters or words, disguised throughout."""
    letters = "".join(rng.choices(ascii_lowercase, k=characters))
    prose = "".join(rng.choices(PROSE, k=characters))[:characters]

    return {
        "letters apart": " ".join(letters),
        "letters of words apart": " ".join(prose),
        "letters with points": ".".join(letters),
        "emoji between letters": "\U0001f602".join(letters),
        "emoji between words": "\U0001f602".join(rng.choices(PROSE, k=characters // 4)),
        "joiners between letters": "\u200d".join(letters),
        "unseen blanks between letters": "\u200b".join(letters),
        "fillers between letters": "\u3164".join(letters),
        "Cyrillic letters apart": " ".join(letters.replace("a", "\u0430")),
        "letters run together": letters,
        "words run together": prose,
        "a hashtag": f"#{letters}",
    }


def _of_units(characters: int, rng: Random) -> dict[str, str]:
    """Short pieces, one after another."""

    def some(length: int) -> str:
        return "".join(rng.choices(ascii_lowercase, k=length))

    def repeated(unit: Callable[[], str]) -> str:
        return "".join(unit() for _ in range(characters // len(unit()) + 1))

    return {
        "groups of letters": repeated(lambda: f"{some(12)} "),
        "hashtags": repeated(lambda: f"#{some(100)} "),
        "camel case": "".join(rng.choices([word.title() for word in PROSE], k=characters // 4)),
        "a slug": "-".join(rng.choices(PROSE, k=characters // 4)),
        "links": repeated(lambda: f"https://a.example/{some(100)} "),
        "short links": repeated(lambda: f"http://a.b/{some(3)} "),
        "leetspeak": repeated(lambda: f"1d1{some(3)}1t1 "),
        "repeated letters": repeated(lambda: "".join(c * 3 for c in some(9)) + " "),
        "mentions in leetspeak": repeated(lambda: f"@1d1{some(3)}1t1 "),
        "turned letters": repeated(lambda: "".join(rng.choices("ʇxǝsᴉɥpɐɹ", k=6)) + " "),
        "homoglyphs": repeated(lambda: "".join(rng.choices("аеорсухbdklmn", k=9)) + " "),
        "stacks of marks": repeated(lambda: some(1) + "".join(rng.choices(MARKS, k=8))),
        "marks alone": repeated(lambda: "\u0301\u0327"),
        "tags": repeated(lambda: f"<{some(2)}>a</b>"),
        "stars": repeated(lambda: f"*{some(2)}*"),
        "quotes": repeated(lambda: ">\n"),
        "exclamation marks": "!" * characters,
        "exclamation marks apart": "! " * (characters // 2),
        "one-letter sentences": "a. " * (characters // 3),
        "plain prose": " ".join(rng.choices(PROSE, k=characters // 4)),
    }


def seconds(text: str) -> tuple[float, bool]:
    """The seconds of processor time that a text takes, and whether it was read in part."""
    started = time.process_time()
    found = words(text)
    text_windows(found["normal_text"])
    return time.process_time() - started, found["in_part"]


def main(*, seed: int) -> None:
    """Print a line for each kind, and the slowest."""
    words("a f.r.a.u.d 😂 of l1ars")
    tables = {size: hostile(size, seed=seed) for size in SIZES}
    slowest, kinds = 0.0, tables[SIZES[0]]
    print(f"{'kind':<30}" + "".join(f"{size:>10,}" for size in SIZES))
    for kind in kinds:
        taken = [seconds(tables[size][kind]) for size in SIZES]
        slowest = max(slowest, taken[-1][0])
        cells = [f"{spent:.3f}{'*' if in_part else ' '}" for spent, in_part in taken]
        print(f"{kind:<30}" + "".join(f"{cell:>10}" for cell in cells))
    print(f"slowest: {slowest:.2f} s; *: read in part")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=5, help="of the random letters")
    main(**vars(parser.parse_args()))
