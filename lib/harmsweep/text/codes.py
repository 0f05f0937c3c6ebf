"""Codes that are no words in disguise: part numbers, seats, plates, formulas, tickers, hex ids."""

import re

# Capitals with digits among them, and the numbers that hang on them.
_CODE = re.compile(
    r"(?<![\w@$-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*(?![\w$@-])"
)
_NUMBERED = re.compile(r"\d{2,}")
_HEX = re.compile(r"(?<!\w)(?:0[xX][0-9a-fA-F]+|(?=(?:[a-f]*\d){3})[0-9a-f]{7,})(?!\w)")
_TICKER = re.compile(r"(?<![\w$])\$[A-Z]{2,5}(?![\w$@!])")
_BEFORE = re.compile(r"([^\W\d_]+)[\W_]*$")
# What a code is named by, in front of it.
_NAMED = frozenset(
    [
        "article",
        "batch",
        "bay",
        "box",
        "bus",
        "code",
        "codes",
        "coupon",
        "flight",
        "gate",
        "hall",
        "id",
        "item",
        "key",
        "licence",
        "license",
        "line",
        "lot",
        "model",
        "no",
        "nr",
        "number",
        "order",
        "part",
        "parts",
        "plate",
        "plates",
        "platform",
        "product",
        "ref",
        "reference",
        "rev",
        "room",
        "route",
        "row",
        "seat",
        "seats",
        "sector",
        "serial",
        "sign",
        "size",
        "sku",
        "slot",
        "terminal",
        "track",
        "train",
        "type",
        "unit",
        "version",
        "voucher",
    ]
)
_TRADED = frozenset(
    [
        "bought",
        "buy",
        "calls",
        "dividend",
        "earnings",
        "hold",
        "holding",
        "long",
        "market",
        "price",
        "puts",
        "sell",
        "share",
        "shares",
        "short",
        "sold",
        "stock",
        "stocks",
        "ticker",
        "trade",
    ]
)
# Words that speak of people: what stands behind them is no code.
_PEOPLE = frozenset(
    [
        "all",
        "are",
        "dirty",
        "fucking",
        "his",
        "her",
        "like",
        "my",
        "of",
        "such",
        "stupid",
        "their",
        "them",
        "these",
        "they",
        "those",
        "u",
        "ur",
        "you",
        "your",
    ]
)
_ELEMENTS = [
    "H",
    "He",
    "Li",
    "Be",
    "B",
    "C",
    "N",
    "O",
    "F",
    "Ne",
    "Na",
    "Mg",
    "Al",
    "Si",
    "P",
    "S",
    "Cl",
    "Ar",
    "K",
    "Ca",
    "Sc",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Cu",
    "Zn",
    "Ga",
    "Ge",
    "As",
    "Se",
    "Br",
    "Kr",
    "Rb",
    "Sr",
    "Y",
    "Zr",
    "Ag",
    "Cd",
    "Sn",
    "Sb",
    "Te",
    "I",
    "Xe",
    "Cs",
    "Ba",
    "W",
    "Pt",
    "Au",
    "Hg",
    "Pb",
    "Bi",
    "U",
]
_ELEMENT = "|".join(sorted(_ELEMENTS, key=len, reverse=True))
_FORMULA = re.compile(rf"(?=.*\d)(?:(?:{_ELEMENT})(?:[1-9]\d?)?){{2,}}")


def codes_of(text: str) -> frozenset[str]:
    """The codes of a text, and the parts of those with hyphens.

    A code is sure by the number behind its hyphen or the noun before it; beside a sure one other
    capitals with digits are codes too, but for such that a word for people stands before.

    >>> sorted(codes_of("Seat 4SS, part SH1T-900; you F4G"))
    ['4SS', '900', 'SH1T', 'SH1T-900']
    """
    found = set(_HEX.findall(text)) | _tickers(text)
    likely, sure = list[str](), False
    for match in _CODE.finditer(text):
        code, before = match[0], _word_before(text, match.start())
        if before in _PEOPLE:
            continue
        likely.append(code)
        numbered = any(_NUMBERED.fullmatch(part) for part in code.split("-")[1:])
        sure |= numbered or before in _NAMED
    if sure:
        found.update(likely)
    return frozenset(found | {part for code in found for part in code.split("-")})


def is_formula(core: str) -> bool:
    """Whether a token is of chemical elements and their numbers."""
    return _FORMULA.fullmatch(core) is not None


def _tickers(text: str) -> set[str]:
    """Dollar signs before capitals in a text that is not all capitals, or that speaks of trade."""
    found = set(_TICKER.findall(text))
    if not found or text.isupper():
        return set()
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    return found if words & _TRADED else {t for t in found if t not in ("$HIT", "$EX", "$HITS")}


def _word_before(text: str, place: int) -> str:
    match = _BEFORE.search(text[max(0, place - 30) : place])
    return match[1].lower() if match else ""
