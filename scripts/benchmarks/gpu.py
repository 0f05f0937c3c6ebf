"""What a device embeds a second, and how busy it is: the embed stage's iterator, without Spark.

Texts by the encoder of conf; pictures by the shape of CLIP ViT-B/32 with random weights, which cost
what trained ones do and mean nothing. On the first GPU, or on a core where there is none. Prints a
table and one line of JSON. `busy` is the mean of what NVIDIA's counter says, four times a second.
"""

import argparse
import hashlib
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from harmsweep.encoders.conf import Encoder, load_encoders
from harmsweep.encoders.device import Device
from harmsweep.stages.embed import workers

SAMPLE = Path(__file__).resolve().parents[2] / "tests" / "sample"
# As OpenAI published its preprocessing, times 255.
CLIP = {
    "size": 224,
    "mean": (122.77, 116.75, 104.09),
    "std": (68.5, 66.63, 70.32),
    "resample": "bicubic",
}
ARROW_BATCH = 1000
CSV = "csv,noheader,nounits"


def main(*, texts: int, pictures: int, rounds: int) -> None:
    """Measure both, and print."""
    device = Device("cuda:0" if torch.cuda.is_available() else "cpu", "benchmark")
    workers.choose_device = lambda: device
    torch.set_num_threads(1 if device.name == "cpu" else torch.get_num_threads())
    with tempfile.TemporaryDirectory() as folder:
        found = [
            measured("text", load_encoders()["text"], text_items(texts), rounds, device),
            measured("picture", clip(Path(folder)), picture_items(pictures), rounds, device),
        ]
    name = torch.cuda.get_device_name() if device.name != "cpu" else "one core, no GPU"
    print(f"{name}\n{'what':<10}{'items':>10}{'a second':>12}{'busy':>8}")
    for row in found:
        busy = "" if row["busy"] is None else f"{row['busy']:.0%}"
        print(f"{row['what']:<10}{row['items']:>10,}{row['per_second']:>12,.1f}{busy:>8}")
    print(json.dumps({"device": name, "rounds": rounds, "found": found}))


def measured(
    what: str, encoder: Encoder, items: pd.DataFrame, rounds: int, device: Device
) -> dict[str, Any]:
    """The median rate of some rounds after one that is not counted, and how busy the device was."""
    rates, shares = [], []
    for n in range(rounds + 1):
        with watched(device) as busy:
            started = time.perf_counter()
            done = sum(len(rows) for rows in run(encoder, items))
            seconds = time.perf_counter() - started
        if done != len(items):
            raise SystemExit(f"{what}: {done} of {len(items)} have a vector")
        if n:
            rates.append(done / seconds)
            shares += busy
    median = sorted(rates)[len(rates) // 2]
    share = sum(shares) / len(shares) / 100 if shares else None
    return {"what": what, "items": len(items), "per_second": round(median, 1), "busy": share}


def run(encoder: Encoder, items: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The stage's iterator over Arrow-sized batches."""
    keyed = items.assign(encoder_id=encoder.cache_id)
    batches = (keyed[first : first + ARROW_BATCH] for first in range(0, len(keyed), ARROW_BATCH))
    return workers.embed_batches(
        batches,
        encoders={encoder.cache_id: encoder.model_dump_json()},
        media_root=SAMPLE / "media",
        loaded=lambda _: None,
    )


@contextmanager
def watched(device: Device) -> Iterator[list[float]]:
    """What the device's own counter says while the block runs, in percent; nothing on a CPU."""
    found, done = list[float](), threading.Event()
    query = ["nvidia-smi", "-i", "0", "--query-gpu=utilization.gpu", f"--format={CSV}"]

    def watch() -> None:
        while not done.wait(0.25):
            found.append(float(subprocess.run(query, capture_output=True, check=True).stdout))

    watcher = threading.Thread(target=watch)
    if device.name != "cpu":
        watcher.start()
    try:
        yield found
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join()


def text_items(count: int) -> pd.DataFrame:
    """The sample's texts over and over, each as an input of its own."""
    known = []
    with (SAMPLE / "posts.jsonl").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError):  # the sample holds lines that are no JSON, and no Unicode
                known.append(str(json.loads(line).get("text")).encode("utf-8", "ignore").decode())
    texts = [known[n % len(known)] for n in range(count)]
    return pd.DataFrame({"input_hash": [str(n) for n in range(count)], "content": texts})


def picture_items(count: int) -> pd.DataFrame:
    """The sample's pictures over and over; one with a fault is left out."""
    from PIL import Image

    whole = []
    for path in sorted((SAMPLE / "media").rglob("*.jpg")):
        try:
            with Image.open(path) as picture:
                picture.load()
        except OSError:
            continue
        whole.append(path)
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in whole}
    chosen = [whole[n % len(whole)] for n in range(count)]
    names = [path.relative_to(SAMPLE / "media").as_posix() for path in chosen]
    return pd.DataFrame({"input_hash": [hashes[p] for p in chosen], "content": names})


def clip(folder: Path) -> Encoder:
    """CLIP ViT-B/32's visual tower with random weights, as a folder of one's own would hold it."""
    torch.manual_seed(1)
    CLIPVisionModelWithProjection(CLIPVisionConfig()).save_pretrained(folder)
    files = {name: folder / name for name in ("model.safetensors", "config.json")}
    return Encoder(
        name="clip-shape-random",
        input="image",
        modality="image",
        kind="clip_vision",
        path=str(folder),
        files={n: hashlib.sha256(path.read_bytes()).hexdigest() for n, path in files.items()},
        width=512,
        precision="bf16",
        preprocessing=CLIP,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
