"""What a policy, a model and their certificate bind sweeps to."""

from pathlib import Path

from one_scope import DAY

from harmsweep.enforcement.rules.guardrails import Guardrails
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.harms import SEVERE
from harmsweep.policy.certificates import Claim, Counts, Population, Source, build_certificate
from harmsweep.policy.file import load_policy

PRODUCTION = """
name: stated
version: 1
mode: production
approved_models: [{model}]
languages: [en]
review_only: []
near_margin: 0.1
rules:
  hate:
    - surface: all
      jurisdiction: all
      ladder:
        - {{action: remove, precision: 0.95, confidence: 0.95, days: 30}}
        - {{action: review, threshold: 0.5}}
caps:
  default: {{apply: 100, release: 100}}
comments: {{review: 0.9}}
known_media: review
holdout: {{share: 0.02, spared: [hate]}}
"""
MODEL = "m0123456789ab0123456789ab01234567"


def test_a_binding_says_what_may_be_acted_on(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    path.write_text(PRODUCTION.format(model=MODEL), encoding="utf-8")
    policy = load_policy(path)
    about = Population(posts=900, groups={"sms": 700}, prevalence=0.4)
    counts = Counts(threshold=0.8, flagged_groups=200, right_groups=200, flagged_posts=300,
                    right_posts=300, recall=0.5, lower_bound=0.985)  # fmt: skip
    claim = Claim(harm="hate", language="en", precision=0.95, confidence=0.95, counts=counts,
                  population=about)  # fmt: skip
    source = Source(snapshot="s0123456789ab", first=DAY, last=DAY)
    certificate = build_certificate(MODEL, policy.policy_version, source, [claim])
    guardrails = PolicyBinding(policy, MODEL, certificate, 0.1, 0.6).guardrails
    assert guardrails == Guardrails(
        approved=True, certified=frozenset({("hate", "all", "all", "remove", "en", 0.8)}),
        first=0.1, last=0.6, holdout=0.02, spared=SEVERE | {"hate"},
        days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip
    assert PolicyBinding(policy, MODEL).guardrails.certified == frozenset()
    assert not PolicyBinding(policy, "m-2", certificate).guardrails.approved
    assert PolicyBinding(policy, MODEL, certificate).inputs == certificate.digest
    assert PolicyBinding(policy, MODEL).inputs == ""


def test_a_binding_of_a_demonstration_asks_for_no_certificate(tmp_path: Path):
    stated = PRODUCTION.format(model=MODEL).replace("mode: production", "mode: demonstration")
    path = tmp_path / "policy.yaml"
    path.write_text(stated.replace("precision: 0.95, confidence: 0.95", "threshold: 0.95"))
    assert PolicyBinding(load_policy(path), MODEL).guardrails == Guardrails(
        approved=True, certified=None, first=0.0, last=1.0, holdout=0.02,
        spared=SEVERE | {"hate"}, days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip
