"""Certify the thresholds of a model under a policy on a snapshot's held-out groups.

Prints a claim, or why there is none, per harm, precision target and language, and writes the
certificate beside the model. Where nothing can be certified it says so, and has not failed.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from harmsweep.errors import finish
from harmsweep.model.reference import load_model_ref
from harmsweep.pipeline.job import add_model, add_policy
from harmsweep.policy.certificates import write_certificate
from harmsweep.policy.file import check_approves, load_policy
from harmsweep.release.certify import NEWEST_DAYS, certify
from harmsweep.release.claims_table import claims_table, use_line


def main(*, model: str, policy: Path, snapshot: Path, newest_days: int) -> list[str]:
    """Show the claims and write them; gives the certificate's path."""
    ref = load_model_ref(model)
    check_approves(load_policy(policy), ref.model_version)
    certificate = certify(snapshot, model=ref.manifest, policy=policy, newest_days=newest_days)
    # A log or file has no width: a row is a line there.
    Console(width=None if sys.stdout.isatty() else 10_000).print(claims_table(certificate))
    return [use_line(certificate), str(write_certificate(certificate, ref.certificates))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_model(parser)
    add_policy(parser)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--newest-days", type=int, default=NEWEST_DAYS, help="days that count")
    finish(partial(main, **vars(parser.parse_args())), parser.prog)
