"""What the features of a post say of its text: clean and normal forms, language and counts."""

from functools import lru_cache
from typing import Any

from harmsweep.text.budget import budget
from harmsweep.text.cleaning import clean, text_numbers
from harmsweep.text.disguise import disguised_words, normalise

UNDETERMINED = "und"
# Letters, counted in UTF-8 bytes: seven say little in Latin, three of Chinese say enough.
MIN_BYTES = 8
# The detector tells vocalised Hebrew and both forms of Norwegian apart; a slice does not.
TOLD_AS = {"hbo": "he", "nb": "no", "nn": "no"}


def words(text: str | None) -> dict[str, Any]:
    """Clean and normal text, language, the detector's probability of it, and the text's numbers.

    `in_part` says that the text's budget left something as written that may be a disguise.
    """
    with budget() as whole:
        cleaned = clean(text)
        normal = normalise(cleaned)
        disguised = disguised_words(cleaned, normal)
    language, score = detect(normal)
    numbers = text_numbers(text, cleaned)
    numbers["n_disguises"] = float(disguised)
    texts = {"clean_text": cleaned, "normal_text": normal}
    return {
        **texts,
        "language": language,
        "language_score": score,
        **numbers,
        "in_part": whole.exceeded,
    }


def detect(cleaned: str) -> tuple[str, float | None]:
    """The language of a text by py3langid, with its probability; `und` for a short one."""
    prose = " ".join(word for word in cleaned.split() if word not in ("http", "@user"))
    letters = "".join(filter(str.isalpha, prose))
    if len(letters.encode()) < MIN_BYTES:
        return UNDETERMINED, None
    # A few thousand characters settle it; 100,000 take a second.
    language, score = _identifier().classify(prose[:4000])
    return TOLD_AS.get(language, str(language)), float(score)


@lru_cache(maxsize=1)
def detected_languages() -> frozenset[str]:
    """The languages that `detect` tells apart, and what it says of a text too short to tell."""
    told = (TOLD_AS.get(name, str(name)) for name in _identifier().nb_classes)
    return frozenset((*told, UNDETERMINED))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
