"""What one core does a second of each step that dominates a day: for conf/rates.json.

One process, one thread, on a landing zone's texts and first 100 pictures: texts cleaned, their
language found, and embedded; pictures decoded in the bounded child, and embedded. Prints one line
of JSON: units a second, the median of the rounds.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"


def main(*, posts: Path, rounds: int) -> None:
    import torch

    from harmsweep.encoders.conf import load_encoders
    from harmsweep.encoders.loading import MODALITIES
    from harmsweep.media.bounded import run_bounded_each
    from harmsweep.text.cleaning import clean
    from harmsweep.text.disguise import normalise
    from harmsweep.text.words import detect

    torch.set_num_threads(1)
    encoders = load_encoders()
    lines = (posts / "posts.jsonl").read_text(encoding="utf-8").strip().split("\n")
    raw = sorted({text for line in lines if (text := _text(line))})
    # One of the sample's pictures is there to be refused.
    whole = [p for p in (posts / "media").rglob("*.jpg") if "truncated" not in p.name]
    files = sorted(whole)[:100]
    pictures = [path.read_bytes() for path in files]
    text, image = (MODALITIES[name] for name in ("text", "image"))
    models = {n: MODALITIES[n].load(encoders[n], "cpu") for n in ("text", "image")}
    texts = [text.prepare(encoders["text"], normalise(clean(t))) for t in raw]
    decoded = [image.prepare(encoders["image"], data) for data in pictures]
    work: dict[str, tuple[int, Callable[[], object]]] = {
        "clean_and_language": (len(raw), lambda: [detect(normalise(clean(t))) for t in raw]),
        "embed_text": (len(texts), lambda: text.embed(models["text"], texts)),
        "decode_picture": (len(files), lambda: run_bounded_each(_facts, pictures)),
        "embed_image": (len(decoded), lambda: image.embed(models["image"], decoded)),
    }
    found = {name: _rate(count, run, rounds) for name, (count, run) in work.items()}
    print(json.dumps({"texts": len(texts), "pictures": len(files), "a_core_second": found}))


def _text(line: str) -> str | None:
    """A post's text; the sample has lines that are no JSON, to be refused."""
    try:
        found: str | None = json.loads(line).get("text")
    except ValueError:
        return None
    return found


def _facts(data: bytes) -> int:
    """What decoding costs: a picture's pixels, of which only the count comes back."""
    from harmsweep.media.images import decode_image

    picture = decode_image(data)
    return picture.width * picture.height


def _rate(count: int, run: Callable[[], object], rounds: int) -> float:
    run()
    rates = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        rates.append(count / (time.perf_counter() - started))
    return round(statistics.median(rates), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    here = Path(__file__).resolve().parents[2]
    parser.add_argument("--posts", type=Path, default=here / "tests" / "sample")
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
