"""The claims of a certificate for people to read."""

from rich.table import Table

from harmsweep.policy.certificates import Certificate, SampleSource
from harmsweep.policy.claims import Claim
from harmsweep.policy.places import ALL

COLUMNS = ("harm", "language", "surface", "precision", "at prevalence", "threshold", "recall")


def claims_table(certificate: Certificate) -> Table:
    """A row for each claim: what is promised, or why nothing is."""
    shown = Table(title=f"{certificate.model_version} under {certificate.policy_version}")
    for name in (*COLUMNS, "why"):
        shown.add_column(name)
    for claim in certificate.claims:
        stated = claim.harm, claim.language, claim.surface, f"{claim.precision:g}"
        prevalence = "-" if claim.prevalence is None else f"{claim.prevalence:g}"
        shown.add_row(*stated, prevalence, *_outcome(claim))
    return shown


def claim_line(claim: Claim) -> str:
    """A claim in a line: from which score on, and what bears it out."""
    place, _, why = _outcome(claim)
    return f"{claim.harm} in {claim.language}, {claim.precision:g}: {place}: {why}"


def use_line(certificate: Certificate) -> str:
    """How much error the claims may have together, and how often their part was used."""
    source = certificate.source
    if isinstance(source, SampleSource):
        return f"each of {source.tests} tests has an equal share of the error"
    if source.use is None:
        return "from before claims stated a prevalence and a population: it acts on nothing new"
    told = f"use {source.use} of these groups: the claims have {source.share:g} of the error"
    return f"{told}, which {source.tests} tests share"


def _outcome(claim: Claim) -> list[str]:
    counts = claim.counts
    if claim.threshold is None or counts is None:
        return ["review only", "-", claim.reason]
    recall = "-" if counts.recall is None else f"{counts.recall:.2f}"
    why = f"{counts.right_groups} of {counts.flagged_groups} flagged are right"
    if counts.harmless_groups is not None:
        why += f", {counts.wrong_groups} of {counts.harmless_groups} harmless ones are flagged"
    bound = counts.lower_bound if claim.bound is None else claim.bound
    places = ", ".join(f"{dataset} on {surface}" for dataset, surface in sorted(claim.places))
    of = f" (posts of {places})" if claim.surface == ALL and places else ""
    return [f"{claim.threshold:g}", recall, f"{why}: {bound:.3f} or more{of}"]
