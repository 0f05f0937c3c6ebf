"""What a policy, a model and their certificate bind sweeps to."""

from pathlib import Path

from certifying import MODEL, certificate, claim

from harmsweep.enforcement.rules.guardrails import Guardrails
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.harms import SEVERE
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
      prevalence: 0.05
      ladder:
        - {{action: remove, precision: 0.95, confidence: 0.95, days: 30}}
        - {{action: review, threshold: 0.5}}
caps:
  default: {{apply: 100, release: 100}}
comments: {{review: 0.9}}
known_media: review
holdout: {{share: 0.02, spared: [hate]}}
"""


def test_a_binding_says_what_may_be_acted_on(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    path.write_text(PRODUCTION.format(model=MODEL), encoding="utf-8")
    policy = load_policy(path)
    of_pair = certificate(claim(), policy=policy.policy_version)
    guardrails = PolicyBinding(policy, MODEL, of_pair, 0.1, 0.6).guardrails
    assert guardrails == Guardrails(
        approved=True,
        certified={("hate", "all", "all", "remove", "en", 0.8): frozenset({("live", "feed")})},
        first=0.1, last=0.6, holdout=0.02, spared=SEVERE | {"hate"},
        days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip
    assert PolicyBinding(policy, MODEL).guardrails.certified == {}
    assert not PolicyBinding(policy, "m-2", of_pair).guardrails.approved
    assert PolicyBinding(policy, MODEL, of_pair).inputs == of_pair.digest
    assert PolicyBinding(policy, MODEL).inputs == ""


def test_a_binding_of_a_demonstration_asks_for_no_certificate(tmp_path: Path):
    stated = PRODUCTION.format(model=MODEL).replace("mode: production", "mode: demonstration")
    stated = stated.replace("      prevalence: 0.05\n", "")
    path = tmp_path / "policy.yaml"
    path.write_text(stated.replace("precision: 0.95, confidence: 0.95", "threshold: 0.95"))
    assert PolicyBinding(load_policy(path), MODEL).guardrails == Guardrails(
        approved=True, certified=None, first=0.0, last=1.0, holdout=0.02,
        spared=SEVERE | {"hate"}, days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip
