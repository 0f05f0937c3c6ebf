"""A lake with posts that a model flags for hate, a policy that states a precision, and people."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import DAY, post, rule, rung, scored, trial_policy

from harmsweep.lake import writes
from harmsweep.model.manifest import load_manifest
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.policy.certificates import Certificate, find_certificate
from harmsweep.policy.file import load_policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.sample_plan import plans
from harmsweep.release.task_answers import tasks_of
from harmsweep.tables.catalog import POSTS, SCORES, VERDICTS

MODEL = load_manifest(DEFAULT_MODEL).model_version
TARGET = PrecisionTarget(0.6, 0.9, prevalence=0.02)
LADDER = (rung("remove", precision=0.6, confidence=0.9), rung("review", 0.5))
Call = Callable[..., tuple[int, str, str]]


class Site:
    """A lake of 90 posts that score 0.9 for hate, a policy to certify, and a model beside it."""

    def __init__(self, lake: Path, call: Call, folder: Path) -> None:
        self.lake, self.console = lake, call
        self.model = folder / "model" / "manifest.json"
        shutil.copytree(DEFAULT_MODEL.parent, self.model.parent)
        self.policy = folder / "policy.yaml"
        self.write_policy()
        names = [f"p{n}" for n in range(90)]
        odd = [post("deleted", status="deleted"), post("edited", 2), post("german"), post("low")]
        writes.write_rows([*map(post, names), *odd], POSTS, lake)
        rows = [scored(n, model_version=MODEL, hate=0.9) for n in (*names, "deleted")]
        rows += [
            scored("edited", model_version=MODEL, hate=0.9),
            scored("low", model_version=MODEL, hate=0.79),
            scored("german", model_version=MODEL, hate=0.9, language="de"),
        ]
        writes.write_rows(rows, SCORES, lake)

    def write_policy(self, **settings: Any) -> None:
        rules = {"hate": [rule(*LADDER, prevalence=0.02)]}
        more = {"mode": "production", "approved_models": [MODEL]} | settings
        self.policy.write_text(trial_policy(rules, **more), encoding="utf-8")

    def call(self, *words: Any) -> tuple[int, str, str]:
        return self.console("certify", *words, "--lake", self.lake)

    def plan(self, *more: Any, threshold: float = 0.8, labels: int = 60) -> tuple[int, str, str]:
        pair = ("--model", self.model, "--policy", self.policy, "--harm", "hate")
        size = ("--labels", labels, "--threshold", threshold, "--from", DAY)
        reason = () if "--dry-run" in more else ("--reason", "a trial")
        return self.call("plan", *pair, *size, *reason, *more)

    def finish(self, *more: Any) -> tuple[int, str, str]:
        (plan,) = plans(self.lake)
        return self.call(
            "finish", plan.plan_id, "--model", self.model, "--policy", self.policy, *more
        )

    def judge(self, posts: list[str], verdict: str = "harmful", **more: Any) -> None:
        """Verdicts as `harmsweep verdict` keeps them."""
        known = {f.name: None for f in VERDICTS.schema} | {
            "day": DAY, "revision": 1, "verdict": verdict, "rationale": "read", "reviewer": "ann",
            "harm": "hate" if verdict == "harmful" else None, "decided_at": post("x")["created_at"],
        }  # fmt: skip
        known |= more
        rows = [
            known | {"post_id": p, "verdict_id": f"{p}-{known['reviewer']}-{verdict}"}
            for p in posts
        ]
        writes.write_rows(rows, VERDICTS, self.lake)

    def drawn(self) -> list[str]:
        (plan,) = plans(self.lake)
        return [task["post_id"] for task in tasks_of(self.lake, plan.plan_id)]

    def certificate(self) -> Certificate | None:
        version = load_policy(self.policy).policy_version
        return find_certificate(self.model.parent / "certificates", MODEL, version)
