"""scripts/ordinary_posts makes a landing zone of collections that nobody labelled."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harmsweep.paths import ROOT

SETS: dict[str, list[dict[str, Any]]] = {
    "benign_reddit": [{"post_id": f"r{n}", "text": f"a walk {n}"} for n in range(5)],
    "benign_tweets_8lang": [{"id": "t1", "lang": "german", "text": "guten Morgen"}],
    "benign_youtube": [
        {"post_id": f"v{n}", "channel_id": "c1", "title": f"a song {n}"} for n in range(2)
    ],
}


def test_posts_have_the_contracts_columns_and_days_of_their_own(tmp_path: Path) -> None:
    for name, rows in SETS.items():
        (tmp_path / "sets" / name).mkdir(parents=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / "sets" / name / "posts.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    command = [sys.executable, ROOT / "scripts" / "ordinary_posts", tmp_path / "sets", tmp_path]
    command += ["--first", "2026-10-15", "--days", "2", "--most", "3"]
    subprocess.run([*map(str, command)], check=True, timeout=60, stdout=subprocess.DEVNULL)
    written = gzip.decompress((tmp_path / "posts.jsonl.gz").read_bytes()).decode().splitlines()
    posts = [json.loads(line) for line in written]
    assert [post["dataset"] for post in posts] == [
        *["benign_reddit"] * 3, "benign_tweets_8lang", *["benign_youtube"] * 2,
    ]  # fmt: skip
    assert {post["created_at"][:10] for post in posts} <= {"2026-10-15", "2026-10-16"}
    assert {post["author_origin"] for post in posts} == {"assigned"}
    assert posts[3]["text"] == "guten Morgen" and "song" in posts[-1]["text"]
    assert posts[-1]["split_group"] == posts[-2]["split_group"] == "benign_youtube-c1"
