"""What people said binds the next sweep: verdicts, exemptions, a ramp, the holdout."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from harmsweep.enforcement.rules.guardrails import uniform_hash
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.undo import Part, undo
from harmsweep.errors import DataRefused
from harmsweep.harms import SEVERE
from harmsweep.lake import delta
from harmsweep.operations import ramps
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.review import allow_list, verdicts
from harmsweep.review.apply_now import apply_now
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import VERDICTS

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_a_benign_verdict_lifts_what_holds_until_the_post_is_edited(held, rows):
    post, scored = rows
    said = verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    assert (said["post_id"], said["revision"], said["verdict"]) == ("removed", 1, "benign")
    assert held.sweep()["released"] == 1
    assert "removed" not in held.states()
    assert held.sweep(version=2) == {"decisions": 4, "finished": 0}
    names = ("demoted", "reviewed", "clean", "spam")
    held.put_posts([*map(post, names), post("removed", 1, "superseded"), post("removed", 2)])
    held.put_scores(
        [scored("removed", 2, hate=0.99), scored("demoted", hate=0.9),
         scored("reviewed", hate=0.6), scored("spam", spam=0.97)]
    )  # fmt: skip
    held.sweep()
    assert held.states()["removed"] == "remove"


def test_a_persons_word_on_one_post_leaves_what_held_for_a_deleted_one(held, rows):
    post, _ = rows
    names = ("removed", "reviewed", "clean", "spam")
    gone = [post("demoted", 1, "superseded"), post("demoted", 2, "deleted")]
    held.put_posts([*map(post, names), *gone])
    said = verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    options = {"kind": "verdict", "source_id": said["verdict_id"], "clock": now_micros}
    (lifted,) = apply_now(held.root, said["day"], **options)
    assert (lifted.subject_id, lifted.action) == ("removed", "none")
    assert held.states() == {"demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_the_newest_verdict_stands(held):
    for found in ("benign", "harmful"):
        verdicts.decide(held.root, "removed", found, harm=None, rationale="looked again")
    assert held.sweep() == {"decisions": 4, "finished": 0}
    kept = delta.rows(VERDICTS, held.root).to_pylist()
    assert {(r["verdict"], r["revision"]) for r in kept} == {("benign", 1), ("harmful", 1)}


def test_a_verdict_on_no_post_is_refused(held):
    for name in ("nobody", "x' OR '1'='1"):
        with pytest.raises(DataRefused):
            verdicts.decide(held.root, name, "benign", harm=None, rationale="")


@pytest.mark.parametrize("kind", ["post", "account"])
def test_an_exempt_subject_gets_reviews_until_it_ends(fresh, kind: str):
    subject = {"post": "removed", "account": "a1"}[kind]
    later = datetime.now(UTC) + timedelta(days=1)
    allow_list.exempt(fresh.root, kind, subject, kind="newsworthy", until=later, reason="a report")
    fresh.sweep()
    assert fresh.states()["removed"] == "review"
    assert fresh.states()["spam"] == ("remove" if kind == "post" else "review")
    allow_list.exempt(fresh.root, kind, subject, kind="none", until=None, reason="over")
    fresh.sweep()
    assert fresh.states() == FIRST


def test_a_day_is_swept_again_when_an_exemption_ended(fresh, monkeypatch):
    soon = datetime.now(UTC) + timedelta(seconds=5)
    allow_list.exempt(
        fresh.root, "post", "removed", kind="newsworthy", until=soon, reason="a report"
    )
    sweep = partial(enforce_day, fresh.root, DAY, **fresh.pair())
    sweep()
    assert sweep().skipped
    assert fresh.states()["removed"] == "review"
    later = int(soon.timestamp() * 1e6)
    monkeypatch.setattr("harmsweep.stages.enforce.now_micros", lambda: later)
    assert not sweep().skipped


def test_an_exemption_whose_time_is_over_exempts_nothing(fresh):
    before = datetime(2026, 1, 1, tzinfo=UTC)
    allow_list.exempt(fresh.root, "post", "removed", kind="newsworthy", until=before, reason="")
    fresh.sweep()
    assert fresh.states() == FIRST


def test_in_shadow_everything_is_decided_and_nothing_applied(fresh):
    pair = f"m-1/{load_policy(fresh.policy()).policy_version}"
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="first look")
    assert fresh.sweep() == {"decisions": 4, "finished": 0}
    assert fresh.content() == ([], [])
    ramps.ramp(fresh.root, pair, uniform_hash("ramp/a1") + 0.001, instead_of="", reason="more")
    fresh.sweep()
    assert fresh.states() == FIRST


ALL_AT_ONCE = "\naccounts: {decay_days: 3650, ladder: [{strikes: 1, days: 3650}]}\n"


def test_a_pair_in_shadow_touches_no_account(fresh):
    real = fresh.policy

    def striking(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + (ALL_AT_ONCE if changes.get("version") == 2 else ""))
        return path

    fresh.policy = striking
    fresh.sweep()
    before, none = fresh.visible(), {"version": 2, "apply": 0, "release": 0}
    pair = f"m-1/{load_policy(fresh.policy(**none)).policy_version}"
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="first look")
    assert fresh.sweep(**none) == {"decisions": 4, "finished": 0, "accounts": 0}
    assert fresh.visible() == before
    ramps.ramp(fresh.root, pair, 1.0, instead_of="", reason="all")
    assert fresh.sweep(**none)["accounts"] == 1
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="it was wrong")
    verdicts.decide(fresh.root, "removed", "benign", rationale="a quote")
    assert fresh.sweep(**none)["accounts"] == 0
    assert fresh.states()["a1"] == "restrict"


def test_two_pairs_share_the_authors(fresh):
    old, new = (f"m-1/{load_policy(fresh.policy(version=n)).policy_version}" for n in (1, 2))
    ramps.ramp(fresh.root, new, 0.2, instead_of=old, reason="try it")
    assert ramps.share_of(fresh.root, new) == (0.0, 0.2)
    assert ramps.share_of(fresh.root, old) == (0.2, 1.0)
    assert ramps.share_of(fresh.root, "m-9/other") == (0.0, 1.0)


def test_a_ramp_of_another_pair_brings_none_out_of_shadow(fresh):
    ramps.ramp(fresh.root, "m-2/p", 0.0, instead_of="m-1/p", reason="a bad champion")
    ramps.ramp(fresh.root, "m-3/p", 0.1, instead_of="m-1/p", reason="the next")
    assert ramps.share_of(fresh.root, "m-2/p") == (0.0, 0.0)
    assert ramps.share_of(fresh.root, "m-1/p") == (0.1, 1.0)


HOLDOUT = "\nholdout: {{share: 0.05, spared: [{spared}]}}\n"


def test_the_holdout_is_recorded_and_not_applied(fresh, rows):
    post, scored = rows
    names = [f"p{n}" for n in range(200)]
    out = {name for name in names if uniform_hash(f"holdout/{name}") < 0.05}
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    real = fresh.policy

    def with_holdout(**changes):
        spared = changes.pop("spared", "")
        path = real(**changes)
        path.write_text(path.read_text() + HOLDOUT.format(spared=spared))
        return path

    fresh.policy = with_holdout
    counts = fresh.sweep()
    assert (counts["withheld"], counts["remove"]) == (len(out), 200 - len(out))
    assert {r["subject_id"] for r in fresh.ledger("withheld")} == out
    assert set(fresh.states()) == set(names) - out
    assert fresh.sweep(spared="hate")["remove"] == len(out)
    assert set(fresh.states()) == set(names)


def test_no_holdout_leaves_out_a_severe_harm(fresh):
    path = fresh.policy()
    path.write_text(path.read_text() + HOLDOUT.format(spared="spam"))
    guardrails = PolicyBinding(load_policy(path), "m-1").guardrails
    name = next(f"p{n}" for n in range(200) if uniform_hash(f"holdout/p{n}") < 0.05)
    held_out = {harm: guardrails.in_holdout(name, harm) for harm in ("hate", "spam", *SEVERE)}
    assert held_out == {"hate": True, "spam": False, "self_harm": False, "violence": False}


@pytest.mark.parametrize(
    "line", ["holdout: {share: 0.2}", "holdout: {share: 0.01, spared: [hat]}", "holdout: {part: 1}"]
)
def test_a_wrong_holdout_is_refused(fresh, line: str):
    path = fresh.policy()
    path.write_text(f"{path.read_text()}\n{line}\n")
    with pytest.raises(PolicyError, match="holdout"):
        load_policy(path)


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (Part(harm="spam"), {"removed", "demoted", "reviewed"}),
        (Part(action="demote"), {"removed", "reviewed", "spam"}),
        (Part(posts=("removed", "spam")), {"demoted", "reviewed"}),
        (Part(harm="hate", action="remove", posts=("removed", "spam")),
         {"demoted", "reviewed", "spam"}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_part_of_a_sweep_is_undone_and_done_again(held, part: Part, left: set[str]):
    sweep_id, before = held.ledger()[-1]["sweep_id"], held.visible()
    gone = set(FIRST) - left
    done = undo(held.root, sweep_id=sweep_id, part=part)
    assert done.counts == {"effects": len(gone), "left": 0}
    assert set(held.states()) == left
    undo(held.root, sweep_id=sweep_id, part=part, redo=True)
    assert held.visible() == before


def test_a_part_that_a_sweep_has_not_is_refused(held):
    sweep_id = held.ledger()[-1]["sweep_id"]
    with pytest.raises(DataRefused, match="no such effects"):
        undo(held.root, sweep_id=sweep_id, part=Part(harm="sexual"))


STRIKES = """
accounts: {{decay_days: 3650, ladder: [{{strikes: 2, days: 7}}]}}
"""


def test_strikes_restrict_an_author_and_go_with_the_sweep(fresh):
    real = fresh.policy

    def with_strikes(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRIKES.format())
        return path

    fresh.policy = with_strikes
    counts = fresh.sweep()
    assert (counts["strike"], counts["accounts"]) == (2, 1)
    assert fresh.states() == {
        "removed": "strike", "spam": "strike", "demoted": "demote", "reviewed": "review",
        "a1": "restrict",
    }  # fmt: skip
    account = next(row for row in fresh.visible() if row["subject_id"] == "a1")
    since = max(r["since"] for r in fresh.visible() if r["action"] == "strike")
    assert account["expires_at"] == since + timedelta(days=7)
    shown = fresh.visible()
    assert fresh.sweep() == {}
    sweep_id = fresh.ledger()[0]["sweep_id"]
    assert undo(fresh.root, sweep_id=sweep_id).counts == {"effects": 5, "left": 0}
    assert fresh.states() == {}
    undo(fresh.root, sweep_id=sweep_id, redo=True)
    assert fresh.visible() == shown
    verdicts.decide(fresh.root, "spam", "benign", harm=None, rationale="a joke")
    assert fresh.sweep()["accounts"] == 1
    assert fresh.states() == {"removed": "strike", "demoted": "demote", "reviewed": "review"}


@pytest.fixture
def struck(fresh):
    """A lake in which two strikes restrict an author."""
    path = fresh.policy()
    path.write_text(path.read_text().replace("action: remove", "action: strike") + STRIKES.format())
    fresh.policy = lambda **_: path
    fresh.sweep()
    assert fresh.states()["a1"] == "restrict"
    return fresh


def test_an_author_without_a_strike_left_is_free_as_soon_as_a_part_is_undone(struck):
    sweep_id = struck.ledger()[0]["sweep_id"]
    assert undo(struck.root, sweep_id=sweep_id, part=Part(posts=("removed",))).counts == {
        "effects": 1, "left": 0,
    }  # fmt: skip
    assert struck.states()["a1"] == "restrict"
    undone = undo(struck.root, sweep_id=sweep_id, part=Part(posts=("spam",)))
    assert undone.counts == {"effects": 1, "left": 0, "freed": 1}
    assert "a1" not in struck.states()
    assert undo(struck.root, sweep_id=sweep_id, part=Part(posts=("spam",)), redo=True).items == 1
    assert struck.states() == {"spam": "strike", "demoted": "demote", "reviewed": "review"}


def test_an_author_who_was_freed_as_the_power_went_is_free_once_that_is_repeated(struck, crash_at):
    sweep_id = struck.ledger()[0]["sweep_id"]
    part = Part(posts=("removed", "spam"))
    crash_at("post_visibility_v1:before-commit", 2)
    with pytest.raises(KeyboardInterrupt):
        undo(struck.root, sweep_id=sweep_id, part=part)
    assert struck.states()["a1"] == "restrict"
    crash_at("none", 1)
    undo(struck.root, sweep_id=sweep_id, part=part)
    assert "a1" not in struck.states()


def test_an_author_without_a_strike_left_is_free_as_soon_as_a_reviewer_says_so(struck):
    for post, free in (("removed", False), ("spam", True)):
        said = verdicts.decide(struck.root, post, "benign", harm=None, rationale="a joke")
        options = {"kind": "verdict", "source_id": said["verdict_id"], "clock": now_micros}
        apply_now(struck.root, said["day"], **options)
        assert ("a1" not in struck.states()) == free
    assert struck.sweep() == {"decisions": 4, "finished": 0, "accounts": 0}


def test_a_lifted_restriction_is_undone_and_lifted_again_with_its_strikes(fresh, rows):
    post, scored = rows
    names, real = ("one", "two"), fresh.policy
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])

    def with_strikes(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRIKES.format())
        return path

    fresh.policy = with_strikes
    fresh.sweep()
    struck = {"one": "strike", "two": "strike", "a1": "restrict"}
    assert fresh.states() == struck
    fresh.sweep(version=2, remove=0.999, demote=0.998)
    lifted, sweep_id = fresh.states(), fresh.ledger()[-1]["sweep_id"]
    assert set(lifted.values()) == {"review"}
    undo(fresh.root, sweep_id=sweep_id)
    assert fresh.states() == struck
    undo(fresh.root, sweep_id=sweep_id, redo=True)
    assert fresh.states() == lifted
