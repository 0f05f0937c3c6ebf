"""Options that several commands of the console take."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token

from harmsweep.cli.for_another import manifest_of, of_conf, own_lake
from harmsweep.errors import WrongUse

DEFAULT_LAKE = Path(os.environ.get("HARMSWEEP_LAKE", "lake"))
Lake = Annotated[
    Path,
    Parameter(help="Folder of the tables; HARMSWEEP_LAKE sets the default.", validator=own_lake),
]
Reason = Annotated[str, Parameter(help="Why; it is kept in the audit.")]


def as_manifest(_: Any, tokens: Sequence[Token]) -> Path:
    """The manifest of a `--model`.

    Raises:
        ValueError: by sudo it lies elsewhere than in the installation.
    """
    return manifest_of(tokens[0].value)


Model = Annotated[
    Path,
    Parameter(
        help="The model's manifest.json, or champion@FOLDER.",
        converter=as_manifest,
        env_var="HARMSWEEP_MODEL",
    ),
]
Policy = Annotated[
    Path, Parameter(help="The policy's file.", validator=of_conf, env_var="HARMSWEEP_POLICY")
]
DryRun = Annotated[bool, Parameter(help="Count, or say why not, and write nothing.", negative=())]
Format = Annotated[
    Literal["table", "csv", "json"], Parameter(help="csv and json are for other programs.")
]


def check_reason(reason: str, dry_run: bool) -> None:
    """Ask why of whoever acts; a dry run needs none.

    Raises:
        WrongUse: no reason was given.
    """
    if not reason.strip() and not dry_run:
        raise WrongUse("--reason: say why; it is kept in the audit")
