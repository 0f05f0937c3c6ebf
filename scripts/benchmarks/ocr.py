"""What reading the text in pictures costs, and what it adds where it is all the text there is.

Prints the seconds a picture and the likeness to rapidocr's own settings of several settings, on 60
memes; the time that all pictures take on two processes; and the AUROC of logistic regressions on
the image's vector, the read text's vector and both, out of five folds of whole groups, with
intervals from resampling groups. Reads the research posts (--posts ../shared/data); no text of
theirs is printed. What was read and embedded is kept under --cache.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from difflib import SequenceMatcher
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from harmsweep.encoders.conf import Encoder, load_encoders
from harmsweep.encoders.loading import MODALITIES
from harmsweep.encoders.ocr import Line, in_order, load_engine, read_lines
from harmsweep.encoders.ocr_conf import OcrConf, load_ocr_conf
from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.media.access import read_image
from harmsweep.media.images import decode_image
from harmsweep.media.tiles import tile
from harmsweep.model.fusion import Columns, Input, fuse
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

HARMS = {"harmeme": "harmful_meme", "propaganda": "propaganda"}
# The settings that are compared: the shorter side in pixels, lines at once.
SETTINGS = [(256, 1), (320, 1), (320, 6), (384, 1), (512, 1), (640, 1)]
MEMES, FOLDS, RESAMPLES, SEED = 60, 5, 1000, 7
PROCESSES = 2
Read = Callable[[Image.Image], list[Line]]
Floats = NDArray[np.float64]


class Meme(NamedTuple):
    """A labelled post with its picture's reference and its group."""

    uri: str
    label: int
    group: str


def main(*, posts: Path, cache: Path) -> None:
    """Print the three tables."""
    memes = labelled(posts)
    uris = sorted({meme.uri for found in memes.values() for meme in found})
    pictures = [decode_image(read_image(posts / uri)) for uri in Random(SEED).sample(uris, MEMES)]
    print("\n".join(settings_table(pictures)))
    texts = read_all(posts, cache)
    vectors = embedded(posts, cache, texts)
    print("\n".join(quality_table(memes, texts, vectors)))


def labelled(posts: Path) -> dict[str, list[Meme]]:
    """The memes of each dataset, each file once."""
    labels = {(row["post_id"], row["harm"]): row["label"] for row in _rows(posts / "labels.jsonl")}
    found: dict[str, dict[str, Meme]] = {dataset: {} for dataset in HARMS}
    for post in _rows(posts / "posts.jsonl"):
        label = labels.get((post["post_id"], HARMS.get(post["dataset"], "")))
        for medium in post["media"] if label is not None else []:
            meme = Meme(medium["uri"], int(label or 0), post["split_group"])
            found[post["dataset"]].setdefault(meme.uri, meme)
    return {dataset: list(memes.values()) for dataset, memes in found.items()}


def settings_table(pictures: Sequence[Image.Image]) -> Iterator[str]:
    """A row of each setting: seconds a picture on one thread, and how much is read alike."""
    yield f"{len(pictures)} memes: settings; CPU seconds, likeness, share 0.9 alike, letters"
    full, seconds = timed(full_reader(), pictures)
    letters = sum(map(len, full))
    yield row_of("rapidocr's own", seconds, full, full, letters)
    for min_side, batch in SETTINGS:
        reader = load_ocr_conf()
        changed = reader.settings.model_copy(update={"min_side": min_side, "batch": batch})
        texts, seconds = timed(
            own_reader(reader.model_copy(update={"settings": changed})), pictures
        )
        yield row_of(f"min_side {min_side}, batch {batch}", seconds, texts, full, letters)


def row_of(
    name: str, seconds: float, texts: Sequence[str], full: Sequence[str], letters: int
) -> str:
    """A line of the table of settings."""
    pairs = zip(texts, full, strict=True)
    alike = np.array([SequenceMatcher(None, a, b, autojunk=False).ratio() for a, b in pairs])
    read = sum(map(len, texts)) / letters
    return f"{name:22} {seconds:.3f} {alike.mean():.3f} {(alike >= 0.9).mean():.2f} {read:.2f}"


def timed(read: Read, pictures: Sequence[Image.Image]) -> tuple[list[str], float]:
    """What is read, in small letters without blanks, and the processor's seconds a picture."""
    read(pictures[0])
    started = time.process_time()
    lines = [read(picture) for picture in pictures]
    seconds = (time.process_time() - started) / len(pictures)
    return ["".join(one.text for one in found).lower().replace(" ", "") for found in lines], seconds


def own_reader(reader: OcrConf) -> Read:
    """The platform's reader with its settings."""
    engine = load_engine(reader.model_dump_json())
    return partial(_read_with, engine, reader)


def _read_with(engine: Any, reader: OcrConf, picture: Image.Image) -> list[Line]:
    sides = reader.settings
    return read_lines(engine, tile(picture, min_side=sides.min_side, max_side=sides.max_side))


def full_reader() -> Read:
    """rapidocr as it comes, but on one thread: 736 pixels at least, lines turned upright."""
    from rapidocr import EngineType, RapidOCR

    threads = {"EngineConfig.openvino.inference_num_threads": 1}
    threads |= {f"{task}.engine_type": EngineType.OPENVINO for task in ("Det", "Cls", "Rec")}
    engine: Any = RapidOCR(params={"Global.log_level": "critical", **threads})

    def read(picture: Image.Image) -> list[Line]:
        found = engine(np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]))
        if not found.txts:
            return []
        boxes = [tuple(map(float, np.ravel(box))) for box in found.boxes]
        return in_order([Line(*one) for one in zip(found.txts, found.scores, boxes, strict=True)])

    return read


def read_all(posts: Path, cache: Path) -> dict[str, str]:
    """The normal text of every picture, by reference; read on PROCESSES, and timed."""
    kept = cache / f"{load_ocr_conf().reader_id}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    media = (medium for post in _rows(posts / "posts.jsonl") for medium in post["media"])
    uris = sorted({medium["uri"] for medium in media if medium["kind"] == "image"})
    started = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        texts = list(pool.map(partial(read_one, posts), uris, chunksize=8))
    minutes = (time.perf_counter() - started) / 60
    print(f"{len(uris)} pictures read by {PROCESSES} processes in {minutes:.1f} min")
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(dict(zip(uris, texts, strict=True))))
    return dict(zip(uris, texts, strict=True))


def read_one(posts: Path, uri: str) -> str:
    """The normal text in a picture."""
    reader = load_ocr_conf()
    lines = own_reader(reader)(decode_image(read_image(posts / uri)))
    return normalise(clean("\n".join(line.text for line in lines)))


def embedded(
    posts: Path, cache: Path, texts: dict[str, str]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """The vectors of pictures and of what was read in them, by reference."""
    encoders = load_encoders()
    contents: dict[str, dict[str, Any]] = {
        "image": {uri: (posts / uri).read_bytes() for uri in texts},
        "media_text": {uri: text for uri, text in texts.items() if text},
    }
    return {
        name: _vectors(cache / f"{encoders[name].encoder_id}.npz", encoders[name], found)
        for name, found in contents.items()
    }


def _vectors(
    kept: Path, encoder: Encoder, contents: dict[str, Any]
) -> dict[str, NDArray[np.float32]]:
    if not kept.exists():
        module = MODALITIES[encoder.modality]
        model = module.load(encoder, "cpu")
        prepared = [module.prepare(encoder, content) for content in contents.values()]
        vectors = module.embed(model, prepared).vectors
        np.savez(kept, names=np.array(list(contents)), vectors=vectors)
    stored = np.load(kept)
    return dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))


def quality_table(
    memes: dict[str, list[Meme]],
    texts: dict[str, str],
    vectors: dict[str, dict[str, NDArray[np.float32]]],
) -> Iterator[str]:
    """Rows of each harm: AUROC with each input, and what the read text adds to the image."""
    yield "harm, posts (positive), with text: AUROC of image, media_text, both; gain on image"
    for dataset, found in memes.items():
        truth = np.array([meme.label == 1 for meme in found])
        groups = np.array([meme.group for meme in found])
        with_text = np.mean([bool(texts[meme.uri]) for meme in found])
        columns = columns_of([meme.uri for meme in found], vectors)
        chosen = {"image": ["image"], "media_text": ["media_text"], "both": ["image", "media_text"]}
        scores = {n: out_of_fold(columns, names, truth, groups) for n, names in chosen.items()}
        drawn = bootstrap_auroc_auprc(truth, scores, groups, resamples=RESAMPLES, seed=SEED)
        cells = [
            _cell(auroc_auprc(truth, values)[0], drawn[name][0]) for name, values in scores.items()
        ]
        gain = auroc_auprc(truth, scores["both"])[0] - auroc_auprc(truth, scores["image"])[0]
        cells.append(_cell(gain, drawn["both"][0] - drawn["image"][0], sign="+"))
        yield (
            f"{HARMS[dataset]:13} {len(truth)} ({truth.sum()}), {with_text:.2f}: {', '.join(cells)}"
        )


def columns_of(uris: Sequence[str], vectors: dict[str, dict[str, Any]]) -> Columns:
    """The columns that the platform's own fusion reads."""
    columns: dict[str, NDArray[Any]] = {}
    for name, found in vectors.items():
        zeros = np.zeros_like(next(iter(found.values())))
        columns[f"{name}_present"] = np.array([uri in found for uri in uris])
        columns[f"{name}_vector"] = np.stack([found.get(uri, zeros) for uri in uris])
    return columns


def out_of_fold(
    columns: Columns, names: Sequence[str], truth: NDArray[np.bool_], groups: NDArray[np.str_]
) -> Floats:
    """Each row's score by a regression that saw no row of its group."""
    scores = np.zeros(len(truth))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(truth, truth, groups):
        inputs = [_scaled(columns, name, train) for name in names]
        fused = fuse(columns, inputs, [])
        model = LogisticRegression(C=1.0, max_iter=2000).fit(fused[train], truth[train])
        scores[test] = model.decision_function(fused[test])
    return scores


def _scaled(columns: Columns, name: str, train: NDArray[np.int64]) -> Input:
    """An input of which the vectors have length 1 on average, as the trainer scales them."""
    vectors = columns[f"{name}_vector"][train][columns[f"{name}_present"][train]]
    scale = 1 / float(np.sqrt((vectors**2).sum(axis=1).mean()))
    return Input(name=name, encoder_id="-", width=vectors.shape[1], scale=scale)


def _cell(value: float, drawn: Floats, *, sign: str = "") -> str:
    low, high = interval(drawn)
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    main(**vars(parser.parse_args()))
