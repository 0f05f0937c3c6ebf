"""Who undoes says why; a dry run asks nobody, and says what it is."""

from collections.abc import Callable
from typing import Any

from harmsweep.errors import USAGE

Call = Callable[..., tuple[int, str, str]]


def test_an_undo_asks_for_a_reason_and_says_that_a_dry_run_is_one(call: Call, held: Any) -> None:
    words = ("undo", held.ledger()[0]["sweep_id"], "--lake", held.root)
    code, out, err = call(*words)
    assert (code, out, err) == (
        USAGE,
        "",
        "harmsweep: --reason: say why; it is kept in the audit\n",
    )
    code, out, _ = call(*words, "--dry-run")
    assert (code, out.endswith("; a dry run: nothing was written\n")) == (0, True)
    code, out, _ = call(*words, "--reason", "a wrong head")
    assert (code, "dry run" in out, held.states()) == (0, False, {})
