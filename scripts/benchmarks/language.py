"""How lingua does on the benign set's prose, beside what text.py prints of py3langid.

Needs an environment of its own: python -m venv DIR && DIR/bin/pip install
lingua-language-detector==2.1.1 && DIR/bin/python scripts/benchmarks/language.py
"""

import resource
import time
from pathlib import Path

from lingua import Language, LanguageDetectorBuilder

BENIGN = Path(__file__).resolve().parents[2] / "tests" / "benign" / "texts.tsv"
NORWEGIAN = {"nb": "no", "nn": "no"}


def code(language: Language | None) -> str:
    """ISO 639-1; und for none."""
    found = language.iso_code_639_1.name.lower() if language else "und"
    return NORWEGIAN.get(found, found)


def first(text: str, count: int) -> str:
    """The first words; of a script without spaces three characters for each."""
    parts = text.split()
    return " ".join(parts[:count]) if len(parts) > 1 else text[: 3 * count]


def main() -> None:
    """Print the share right, of all languages and of those that lingua knows, by length."""
    rows = [line.split("\t") for line in BENIGN.read_text(encoding="utf-8").splitlines()]
    prose = [(language, text) for language, kind, text in rows if kind == "prose"]
    detector = LanguageDetectorBuilder.from_all_languages().build()
    detector.detect_language_of("a sentence that loads the models")
    known = {code(language) for language in Language.all()}
    for count in (1000, 3):
        started = time.perf_counter()
        found = [code(detector.detect_language_of(first(text, count))) for _, text in prose]
        spent = 1000 * (time.perf_counter() - started) / len(prose)
        right = [a == language for a, (language, _) in zip(found, prose, strict=True)]
        of_known = [r for r, (language, _) in zip(right, prose, strict=True) if language in known]
        print(
            f"{sum(right) / len(right):.3f} right of at most {count} words,"
            f" {sum(of_known) / len(of_known):.3f} of {len(of_known)} in known languages,"
            f" {spent:.2f} ms a text"
        )
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
