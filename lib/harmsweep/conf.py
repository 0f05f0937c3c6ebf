"""Files of conf/ as frozen types: one loader, whose refusal cites file, line and key.

JSON is YAML: its files are read alike.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from harmsweep.errors import Refused
from harmsweep.yaml_lines import LocatedYaml, YamlFault, load_located

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]
# Where something is wrong, and what.
Fault = tuple[Location, str]
MISSING = "is required"
Kind = TypeVar("Kind", bound=BaseModel)
# A refusal is one line: what is wrong in more places than this is counted.
TOLD = 8


class ConfRefused(Refused):
    """A file of conf/ is refused, with its line and key cited."""


class Frozen(BaseModel):
    """A value that cannot change, knows no other keys, and whose numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FieldFault(ValueError):
    """What the check of a section finds wrong with one of its fields, or with what lies in one."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(f"{_key(location)}: {message}")
        self.location, self.message = location, message


def load(path: Path, kind: type[Kind]) -> Kind:
    """The content of a file of conf/.

    Raises:
        ConfRefused: the file, and each fault's line, key, value and what would be allowed.
    """
    return validate(read(path), kind, path=path)


def read(path: Path, *, refusal: type[ConfRefused] = ConfRefused) -> LocatedYaml:
    """A file's data with its lines, for a reader that asks for more of it than `load`.

    Raises:
        ConfRefused: the file is missing, not UTF-8 or no plain YAML; its line is cited.
    """
    try:
        return load_located(path.read_text(encoding="utf-8"))
    except YamlFault as error:
        line, reason = error.line, str(error)
    except UnicodeDecodeError as error:
        line, reason = error.object.count(b"\n", 0, error.start) + 1, "not UTF-8"
    except OSError as error:
        line, reason = 1, error.strerror or "cannot be read"
    raise refusal(f"{path}:{line}: {reason}")


def validate(
    content: LocatedYaml,
    kind: type[Kind],
    *,
    path: Path,
    check: Callable[[Kind], Iterable[Fault]] = lambda _: (),
    refusal: type[ConfRefused] = ConfRefused,
    context: Mapping[str, Any] | None = None,
) -> Kind:
    """A file's data as its type, once `check` finds no fault in it.

    `context` is for the type's own validators.

    Raises:
        ConfRefused: the line of each fault, its key and what would be allowed.
    """
    try:
        parsed = kind.model_validate(content.data, context=context)
    except ValidationError as error:
        raise refusal(_cite(path, content, _faults(error, kind, content))) from None
    if faults := list(check(parsed)):
        raise refusal(_cite(path, content, faults))
    return parsed


def fault_lines(error: ValidationError) -> list[str]:
    """The key of each fault of what is no file of conf, and what is wrong with it; no values."""
    details = error.errors(include_input=False, include_url=False)
    return [f"{_key(_pointed(detail))}: {_message(detail)}" for detail in details]


def _cite(path: Path, content: LocatedYaml, faults: list[Fault]) -> str:
    # A misspelt key also lacks the right one: cite what is there before what is not.
    ordered = sorted(faults, key=lambda f: (f[1] == MISSING, content.line(f[0])))
    told = [f"{content.line(where)}: {_key(where)}: {what}" for where, what in ordered[:TOLD]]
    more = f"; and {len(faults) - TOLD} more" if len(faults) > TOLD else ""
    return f"{path}:{'; line '.join(told)}{more}"


def _key(location: Location) -> str:
    return ".".join(map(str, location)) or "file"


def _faults(error: ValidationError, kind: type[BaseModel], content: LocatedYaml) -> list[Fault]:
    details = error.errors(include_url=False)
    # A list with a bad item is also called too short: only the innermost faults count.
    outer = {detail["loc"][:n] for detail in details for n in range(len(detail["loc"]))}
    grouped: dict[Location, list[ErrorDetails]] = {}
    for detail in details:
        if detail["loc"] not in outer:
            grouped.setdefault(_location(detail, content), []).append(detail)
    return [(where, _explain(alike, kind)) for where, alike in grouped.items()]


def _location(detail: "ErrorDetails", content: LocatedYaml) -> Location:
    """Where a fault is in the file: pydantic's path also names the branches of a union."""
    where = _pointed(detail)
    given = detail["type"] == "missing" or where != detail["loc"]
    while where and not given and tuple(map(str, where)) not in content.lines:
        where = where[:-1]
    return where


def _pointed(detail: "ErrorDetails") -> Location:
    fault = detail.get("ctx", {}).get("error")
    return detail["loc"] + (fault.location if isinstance(fault, FieldFault) else ())


def _explain(alike: "list[ErrorDetails]", kind: type[BaseModel]) -> str:
    """What is wrong in one place; a union has a fault for each of its branches."""
    first = alike[0]
    if first["type"] == "missing":
        return MISSING
    if first["type"] == "extra_forbidden":
        return f"unknown key; known are {', '.join(_known_keys(kind, first['loc'][:-1]))}"
    message = " or ".join(dict.fromkeys(map(_message, alike)))
    if first["type"] == "value_error" and isinstance(first["input"], Mapping):
        return message  # of a section: its check names the values that it refuses
    return f"{repr(first['input'])[:60]} is refused: {message}"


def _message(detail: "ErrorDetails") -> str:
    if isinstance(fault := detail.get("ctx", {}).get("error"), FieldFault):
        return fault.message
    if detail["type"] == "model_type":
        return "Input should be a mapping of keys to values"
    return detail["msg"].removeprefix("Value error, ")


def _known_keys(kind: type[BaseModel], location: Location) -> list[str]:
    """The keys of the section at a location, by the types that lead there."""
    section: Any = kind
    for part in location:
        if isinstance(section, type) and issubclass(section, BaseModel):
            section = _bare(section.model_fields[str(part)].annotation)
        else:
            values = [value for value in get_args(section) if value is not ...]
            section = _bare(values[-1])
    return sorted(section.model_fields)


def _bare(annotation: Any) -> Any:
    """A type without its constraints, and without the None beside it."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = get_args(annotation)[0]
    return annotation
