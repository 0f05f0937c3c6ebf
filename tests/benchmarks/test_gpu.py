"""The GPU benchmark on a core: the same path but for the device."""

import json
import sys

import pytest

from harmsweep.paths import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.mark.nightly
def test_it_embeds_all_and_says_what_it_ran_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from harmsweep.stages.embed import workers

    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "benchmarks"))
    sys.modules.pop("gpu", None)
    import gpu

    monkeypatch.setattr(workers, "choose_device", workers.choose_device)
    gpu.main(texts=8, pictures=2, rounds=1)
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["device"] == "one core, no GPU"
    assert [(row["what"], row["items"], row["busy"]) for row in said["found"]] == [
        ("text", 8, None), ("picture", 2, None),
    ]  # fmt: skip
    assert all(row["per_second"] > 0 for row in said["found"])
