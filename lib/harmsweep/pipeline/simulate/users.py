"""Made-up accounts with plainly artificial names."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

ORIGIN = "simulated"
OLDEST = datetime(2016, 1, 1, tzinfo=UTC)
HOBBIES = ("bread", "trains", "old maps", "choirs", "chess", "gardens", "rain", "bicycles", "soup")
DESCRIPTIONS = (
    "Made-up account. Posts about {} and {}.",
    "{} by day, {} by night. A simulated profile.",
    "Simulated reader of books on {} and {}.",
)
LANGS = ("en", "en", "en", "de", "fr", "es")
GENDERS = ("female", "male", "other")


def accounts(count: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Rows of users `user-0000`, `user-0001`…; the same seed gives the same accounts.

    Counts are log-normal, as follower counts are; one account in ten states age and gender.
    """
    for number in range(count):
        yield _account(f"user-{number:04d}", Random(f"{seed}:account:{number}"))


def _account(user_id: str, rng: Random) -> dict[str, Any]:
    created = OLDEST + timedelta(minutes=rng.randrange(60 * 24 * 365 * 10))
    description = "" if rng.random() < 0.2 else _description(rng)
    row = {
        "user_id": user_id,
        "created_at": created.isoformat(),
        "name": user_id.replace("user-", "User "),
        "description": description,
        "description_length": len(description),
        "followers": _count(rng, 4.5),
        "following": _count(rng, 4.5),
        "listed": _count(rng, 0.5),
        "likes_given": _count(rng, 5.0),
        "posts": _count(rng, 5.0),
        "verified": rng.random() < 0.05,
        "default_avatar": rng.random() < 0.15,
        "lang": rng.choice(LANGS),
        "origin": ORIGIN,
    }
    if rng.random() < 0.1:
        row |= {"age": rng.randrange(18, 80), "gender": rng.choice(GENDERS)}
    return row


def _description(rng: Random) -> str:
    sentence = rng.choice(DESCRIPTIONS).format(*rng.sample(HOBBIES, 2))
    return sentence[0].upper() + sentence[1:]


def _count(rng: Random, median_log: float) -> int:
    return int(rng.lognormvariate(median_log, 1.2))
