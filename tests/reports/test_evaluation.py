"""The page stands alone, hides texts, and says what is missing."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from certifying import certificate, claim

from harmsweep.model.manifest import load_manifest
from harmsweep.model.tracking import Epoch, log_run
from harmsweep.paths import JOBS
from harmsweep.policy.certificates import folder_beside, write_certificate
from harmsweep.reports.evaluation import EvaluationRefused, Material, write_evaluation
from harmsweep.reports.evaluation_run import RunNotFound

pytestmark = pytest.mark.torch

SECRET = "zanzibar"
EVALUATION: dict[str, Any] = {
    "records": [
        {"harm": "spam", "dataset": "all", "best_baseline": "text", "baseline_text_auroc": 0.99,
         "difference": -0.1, "difference_low": -0.2, "difference_high": -0.05,
         "worse_than_baseline": True},
    ],
    "leave_one_group_out": [
        {"harm": "spam", "dataset": "events", "baseline": "media_text", "groups": 13, "folds": 2,
         "n": 100, "positives": 44, "auroc": 0.43, "auc_pr": 0.41},
    ],
}  # fmt: skip


class Visible(HTMLParser):
    """The text of a page that is seen before anything is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.closed, self.summary, self.text = 0, 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " "
        self.closed += tag == "details" and "open" not in dict(attrs)
        self.summary += tag == "summary"

    def handle_endtag(self, tag: str) -> None:
        self.closed -= tag == "details"
        self.summary -= tag == "summary"

    def handle_data(self, data: str) -> None:
        if not self.closed or self.summary:
            self.text += data


def seen(page: str) -> str:
    parser = Visible()
    parser.feed(page)
    return re.sub(r"\s+", " ", parser.text)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Path]) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "m", evaluation=EVALUATION)


@pytest.fixture(scope="session")
def page(
    tmp_path_factory: pytest.TempPathFactory, model: Path, snapshot: Path, texts_lake: Path
) -> str:
    out = tmp_path_factory.mktemp("pages") / "page.html"
    return write_evaluation(Material(model, snapshot, lake=texts_lake), out).read_text()


def test_the_page_needs_no_other_file(page: str):
    assert not re.search(r"(src|href)=\"(?!#|data:)", page) and "<script" not in page
    assert page.count("<svg") >= 6


def test_a_text_is_seen_only_after_a_click(page: str):
    assert SECRET in page and SECRET not in seen(page)
    assert "<b>women" not in page and "&lt;b&gt;women" in page


def test_without_a_lake_there_are_ids_only(model: Path, snapshot: Path, tmp_path: Path):
    written = write_evaluation(Material(model, snapshot), tmp_path / "page.html").read_text()
    assert SECRET not in written and "test-1" in seen(written)
    for missing in ("--lake", "--ablation", "--comparison", "--tracking", "--learning"):
        assert missing in written


def test_few_positives_are_marked_and_for_review_only(page: str):
    text = seen(page)
    assert "For review only, whatever their scores: spam, hate." in text
    assert "hate 100 2* 100" in text and "2 groups of a class tell nothing" in text


def test_a_head_below_its_baseline_is_named(page: str):
    assert "by more than the interval: spam" in seen(page)
    assert "Without a regression beside it: hate" in seen(page)


@pytest.mark.parametrize(
    ("changes", "praised"),
    [({}, True), ({"difference": -0.01}, False), ({"difference_low": None}, False)],
)
def test_praise_needs_every_head_at_its_baseline_and_with_an_interval(
    make_model: Callable[..., Path],
    snapshot: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    praised: bool,
):
    sound = EVALUATION["records"][0] | {"worse_than_baseline": False}
    sound |= {"difference": 0.01, "difference_low": -0.02, "difference_high": 0.03}
    evaluation = {"records": [sound, sound | {"harm": "hate"} | changes]}
    model = make_model(tmp_path / "m", evaluation=evaluation)
    written = write_evaluation(Material(model, snapshot), tmp_path / "page.html").read_text()
    assert ('class="good"' in written) == praised


def test_datasets_of_few_groups_have_the_figure_of_each_held_out_once(page: str):
    assert "spam events media text 13 2 100 44 0.43 0.41 0.44" in seen(page)


def test_fairness_tells_the_posts_that_name_a_group(page: str):
    assert "women" in page and "No head has" not in page


def test_costs_stand_at_the_rungs_and_as_posts_a_day_where_a_platform_says_how_many_it_has(
    model: Path, snapshot: Path, page: str, tmp_path: Path
):
    assert re.search(r"spam review 0.70 [\d.]+ [\d.]+ to [\d.]+ \W ", seen(page))
    assert "posts a day" not in seen(page)
    assert "spam, at a prevalence of 0.01" in page and "rungs: review from 0.7" in page
    told = Material(model, snapshot, posts_a_day=2_000_000)
    written = seen(write_evaluation(told, tmp_path / "page.html").read_text())
    assert re.search(
        r"spam review 0.70 [\d.]+ [\d.]+ to [\d.]+ [\d,]+ [\d,]+ to [\d,]+ \W ", written
    )


def test_a_platform_without_a_post_a_day_is_refused(model: Path, snapshot: Path, tmp_path: Path):
    with pytest.raises(EvaluationRefused, match="0 posts a day: give 1 or more"):
        write_evaluation(Material(model, snapshot, posts_a_day=0), tmp_path / "page.html")


def test_a_certificate_gives_the_guaranteed_recall(
    make_model: Callable[..., Path], snapshot: Path, tmp_path: Path
):
    model = make_model(tmp_path / "m", evaluation={})
    held = claim(0.95, 0.75, harm="spam", prevalence=0.04, counts={"recall": 0.4321},
                 precision_at={"0.01": 0.19})  # fmt: skip
    lacking = held.model_copy(update={"harm": "hate", "reason": "too few"})
    facts = load_manifest(model)
    both = certificate(held, lacking, policy="trial.1", model=facts.model_version)
    written = Material(model, snapshot)
    plain = seen(write_evaluation(written, tmp_path / "page.html").read_text())
    assert "No threshold of this model is certified" in plain
    write_certificate(both, folder_beside(model))
    told = seen(write_evaluation(written, tmp_path / "page.html").read_text())
    assert f"spam en 0.95 0.95 0.750 200 0.432 {held.bound:.3f} 0.040 0.19 certified" in told
    assert "not certified: too few" in told
    assert "from before" not in told


def test_a_certificate_from_before_is_shown_with_how_to_make_it_again(
    make_model: Callable[..., Path], snapshot: Path, tmp_path: Path
):
    model = make_model(tmp_path / "m", evaluation={})
    none = {"found_groups": None, "harmful_groups": None, "harmless_groups": None}
    before = claim(prevalence=None, level=None, counts=none)
    version = load_manifest(model).model_version
    old = certificate(before, policy="trial.1", model=version, use=None, tests=None)
    write_certificate(old, folder_beside(model))
    written = write_evaluation(Material(model, snapshot), tmp_path / "page.html").read_text()
    assert "acts on nothing new. State one in each rule" in seen(written)


def test_a_model_that_was_trained_on_the_test_part_is_refused(
    make_model: Callable[..., Path], snapshot: Path, tmp_path: Path
):
    model = make_model(tmp_path / "m", groups=("test-7",))
    with pytest.raises(EvaluationRefused, match="trained on groups of the test part"):
        write_evaluation(Material(model, snapshot), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    found = {"snapshot": "s0123456789ab", "seeds": [11, 12]}
    areas = {"auroc": 0.8, "auc_pr": 0.7}
    change = {
        f"auroc_difference{end}": v for end, v in (("", -0.03), ("_low", -0.05), ("_high", -0.01))
    }
    change |= {name.replace("auroc", "auc_pr"): value for name, value in change.items()}
    rows = {"harm": "spam", "dataset": "all", "n": 100, "positives": 50, "groups": 100}
    found |= {
        "records": [
            rows | {"variant": "plain"} | areas,
            rows | {"variant": "late"} | areas | change,
        ],
        "means": [{"variant": "late", "harms": ["spam"]} | change],
    }
    path = tmp_path / "s.comparison.json"
    path.write_text(json.dumps(found))
    return path


def test_a_comparison_is_shown_with_its_intervals(
    model: Path, snapshot: Path, comparison: Path, tmp_path: Path
):
    out = tmp_path / "page.html"
    text = seen(write_evaluation(Material(model, snapshot, comparison=comparison), out).read_text())
    assert "over 2 seeds" in text and "late -0.030 (-0.050 to -0.010)" in text


def test_learning_curves_and_the_networks_own_figure_of_unseen_events(
    model: Path, snapshot: Path, tmp_path: Path
):
    [regression] = EVALUATION["leave_one_group_out"]
    shares = [{"harm": "spam", "share": s, "auroc": s, "low": None, "high": None} for s in (0.5, 1)]
    network = regression | {"baseline": "network", "auroc": 0.61}
    path = tmp_path / "s.learning.json"
    areas = {"auroc": 0.71, "by_group": 0.74, "difference": -0.03}
    ends = {f"{name}_{end}": None for name in areas for end in ("low", "high")}
    ends |= {"difference_low": -0.05, "difference_high": -0.01}
    newest = {"harm": "spam", "from": "2026-10-08", "trained_groups": 64, "n": 90, "positives": 31}
    content = {"shares": shares, "leave_one_group_out": [network]}
    content |= {"newest_days": [newest | {"groups": 80} | areas | ends]}
    path.write_text(json.dumps(content))
    written = write_evaluation(Material(model, snapshot, learning=path), tmp_path / "page.html")
    text = seen(written.read_text())
    assert "trained on a part of the training groups" in text and "--learning" not in text
    assert "spam events network 13 2 100 44 0.61" in text
    assert "posts from 2026-10-08 on" in text and "as many groups (64)" in text
    assert "spam 90 31 80 0.710 0.740 -0.030 -0.050 to -0.010" in text
    assert text.index("events network") < text.index("events media text")


@pytest.mark.nightly
@pytest.mark.slow
def test_the_page_is_logged_without_texts_beside_its_plots(
    model: Path, snapshot: Path, texts_lake: Path, tmp_path: Path
):
    tracking, out = tmp_path / "mlflow", tmp_path / "page.html"
    with pytest.raises(RunNotFound):
        write_evaluation(Material(model, snapshot, tracking=tracking), out)
    assert not out.exists()
    losses = [Epoch(2.0, 1.5, 60.0), Epoch(1.0, 1.25, 120.0)]
    where = {"tracking": tracking, "snapshot": snapshot}
    log_run(model, load_manifest(model), losses, started=0.0, **where)
    options = {
        "model": model,
        "snapshot": snapshot,
        "lake": texts_lake,
        "tracking": tracking,
        "out": out,
    }
    given = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    command = [sys.executable, str(JOBS / "report_model.py"), *given]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(out)
    assert "Loss by epoch" in out.read_text() and SECRET in out.read_text()
    logged = {path.name: path.read_text() for path in tracking.glob("artifacts/*/*/evaluation/*")}
    assert {
        "evaluation.html",
        "roc-spam.svg",
        "reliability-spam.svg",
        "epochs-loss.svg",
    } <= logged.keys()
    assert not any(SECRET in content for content in logged.values())
