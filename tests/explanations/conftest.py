"""Real posts of the sample as the lake holds them once they were acted on, without Spark."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from harmsweep.digests import as_json
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, Entry, Scope, effect_key
from harmsweep.lake import delta, writes
from harmsweep.model.reference import load_model_ref
from harmsweep.model.windows import NUMBERS
from harmsweep.paths import DEFAULT_MODEL, ROOT

SAMPLE = ROOT / "tests" / "sample"
DAY = date(2026, 10, 1)
# What the demonstration's policy acts on.
ACTED_ON = ("hate", "harassment", "sexual", "spam", "sexism")
AT = datetime(2026, 10, 2, 3, tzinfo=UTC)


def sample_posts():
    """The sample's posts that are whole and have a text and no media."""
    for line in (SAMPLE / "posts.jsonl").read_bytes().splitlines():
        try:
            post = json.loads(line)
        except ValueError:
            continue
        if isinstance(post.get("text"), str) and not (post.get("media") or post.get("deleted")):
            yield post


@pytest.fixture(scope="session")
def judged():
    """Posts with what the model saw, and its greatest score of a harm that is acted on."""
    from harmsweep.encoders.conf import load_encoders
    from harmsweep.enforcement.state.evidence import columns_of
    from harmsweep.explanations.rescoring import embedded
    from harmsweep.model.network import load_heads, score_columns
    from harmsweep.model.text_windows import as_read, embedded_windows, words_and_numbers
    from harmsweep.model.windows import windows_of
    from harmsweep.text.cleaning import clean
    from harmsweep.text.disguise import normalise

    encoders, (manifest, heads) = load_encoders(), load_heads(DEFAULT_MODEL)
    texts = {clean(post["text"]): post["text"] for post in sample_posts() if post["text"].strip()}
    cleaned = [text for text in texts if 10 < len(text) < 200]
    contents = {
        "text": [as_read(normalise(text)) for text in cleaned],
        "raw_text": [text if text != normalise(text) else "" for text in cleaned],
    }
    vectors = {name: embedded(encoders[name], found) for name, found in contents.items()}
    ids = {name: encoders[name].encoder_id for name in vectors}
    windows = windows_of(manifest.inputs, True)
    assert windows is not None
    vectors[windows.name] = embedded_windows(contents["text"], partial(embedded, encoders["text"]))
    ids[windows.name] = windows.encoder_id
    chosen = []
    for place, text in enumerate(cleaned):
        row = {
            "author_origin": "assigned",
            "numbers": as_json({n: words_and_numbers(texts[text])[n] for n in NUMBERS}),
            "vectors": [
                {"input": n, "encoder_id": ids[n], "vector": found[place]}
                for n, found in sorted(vectors.items())
                if found[place] is not None
            ],
        }
        scores = score_columns(manifest, heads, columns_of(row, manifest))[0]
        best = max(map(manifest.harms.index, ACTED_ON), key=lambda place: scores[place])
        harm = manifest.harms[best]
        chosen.append(SimpleNamespace(text=text, harm=harm, row=row, score=scores[best]))
    return chosen


@pytest.fixture(scope="session")
def harmful(judged):
    """Those of them that score 0.7."""
    return [found for found in judged if found.score >= 0.7]


@pytest.fixture(scope="session")
def quotable(harmful):
    """Those of them whose notices say what decided it: of spam they do not."""
    return [found for found in harmful if found.harm != "spam"]


@pytest.fixture
def unscored():
    """A post that no model gave a score: what people decide of needs none."""
    row = {"author_origin": "assigned", "numbers": "{}", "vectors": []}
    return SimpleNamespace(text="You have won a prize", harm="spam", row=row, score=None)


class Acted:
    """A lake with posts that were acted on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: dict[str, Entry] = {}

    def act(self, found, *, post="p1", kept=True, language="en", **changes) -> Entry:
        """A post whose effect is in force, with its evidence; `found` is one of `harmful`."""
        from harmsweep.enforcement.state.evidence import digest_of
        from harmsweep.model.manifest import load_manifest
        from harmsweep.tables.catalog import EVIDENCE, POST_FEATURES, POSTS

        place = Scope("post", post, "all", "all", "policy")
        row = found.row | {"day": DAY, "post_id": post, "revision": 1}
        row |= {"digest": digest_of(row)}
        entry = Entry(
            day=DAY, effect_key=effect_key(place, 1, "remove", "c"), entry="intent", recorded_at=AT,
            sweep_id="s", subject_kind="post", subject_id=post, revision=1, action="remove",
            previous_action="none", direction="apply", surface="all", jurisdiction="all",
            cause_kind="decision", cause_id="c", previous_key=None,
            state_key=effect_key(place, 1, "remove", "c"), harm=found.harm, score=found.score,
            threshold=0.7, model_version=load_manifest(DEFAULT_MODEL).model_version,
            policy_version="v", operator="o", evidence=row["digest"],
        )  # fmt: skip
        entry = replace(entry, **changes)
        if kept:
            writes.write_rows([row], EVIDENCE, self.root)
        self.put(POSTS, post, text=found.text, status="accepted")
        told = {"clean_text": found.text, "normal_text": found.text, "language": language}
        self.put(POST_FEATURES, post, **told)
        self.book(entry)
        self.entries[post] = entry
        self.show(DAY, self.entries.values())
        return entry

    def decide(self, found, cause_kind, **changes) -> Entry:
        """A post whose effect people or a sweep put in force without a score."""
        lanes = {"copy": "review", "verdict": "review", "order": "order"}
        scores = {"score": None, "threshold": None, "model_version": None, "policy_version": None}
        people = {"cause_kind": cause_kind, "lane": lanes[cause_kind], "evidence": None}
        return self.act(found, kept=False, **(people | scores | changes))

    def restrict(self, account, until, **changes) -> Entry:
        """An account that is restricted until then, for posts that count against it."""
        place = Scope("account", account, "all", changes.get("jurisdiction", "all"))
        key = effect_key(place, 0, "restrict", "c")
        entry = Entry(
            day=ACCOUNTS_DAY, effect_key=key, entry="intent", recorded_at=AT, sweep_id="s",
            subject_kind="account", subject_id=account, revision=0, action="restrict",
            previous_action="none", direction="apply", surface="all", jurisdiction="all",
            cause_kind="strikes", cause_id="c", previous_key=None, state_key=key, harm="spam",
            score=None, threshold=None, model_version="m1", policy_version="v", operator="o",
            expires_at=until,
        )  # fmt: skip
        entry = replace(entry, **changes)
        self.book(entry)
        self.show(ACCOUNTS_DAY, [entry])
        return entry

    def book(self, entry) -> None:
        """An effect and its outcome in the ledger."""
        from harmsweep.enforcement.state import day_ledger

        day_ledger.append(self.root, [entry, replace(entry, entry="outcome")])

    def show(self, day, entries) -> None:
        """What the platform reads of a day: what those entries put in force."""
        from harmsweep.enforcement.state import day_ledger
        from harmsweep.tables.catalog import POST_VISIBILITY

        rows = day_ledger.visibility(day_ledger.histories_of(entries))
        writes.write_rows(rows, POST_VISIBILITY, self.root, where={"day": day})

    def put(self, table, post, **values) -> None:
        """A row of a table, with something in every column that has to be filled."""
        blank = {"string": "x", "date": DAY, "timestamp": AT, "integer": 1, "long": 1,
                 "boolean": False, "array": [], "double": 0.0}  # fmt: skip
        row = {f.name: blank[f.dataType.typeName()] for f in table.schema if not f.nullable}
        writes.write_rows([row | {"post_id": post, "revision": 1} | values], table, self.root)

    def explained(self):
        """The rows of explanations by post."""
        from harmsweep.tables.catalog import EXPLANATIONS

        rows = delta.rows(EXPLANATIONS, self.root).to_pylist()
        assert len({r["effect_key"] for r in rows}) == len(rows)
        return {row["post_id"]: row for row in rows}

    def run(self, **options):
        """The stage over the day."""
        from harmsweep.stages.explain import explain_day

        return explain_day(self.root, DAY, model=load_model_ref(DEFAULT_MODEL), **options)


@pytest.fixture
def acted(lake) -> Acted:
    return Acted(lake)


@pytest.fixture
def crash_at(monkeypatch):
    """A function that ends the process, in effect, at the nth passage of a failpoint."""

    def crash(name: str, passage: int) -> None:
        passed = [0]

        def reached(point: str) -> None:
            passed[0] += point == name
            if point == name and passed[0] == passage:
                raise KeyboardInterrupt

        monkeypatch.setattr("harmsweep.lake.writes.failpoint", reached)

    return crash
