"""YAML whose every value knows its line, so that an error can cite it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Location = tuple[str, ...]


class YamlFault(ValueError):
    """Text that is no plain YAML document; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class LocatedYaml:
    """A document's data and the line of each key and item by its path."""

    data: Any
    lines: Mapping[Location, int]

    def line(self, location: Iterable[str | int]) -> int:
        """The line of a path, or of its nearest parent that the document has."""
        path = tuple(str(part) for part in location)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_located(text: str) -> LocatedYaml:
    """One YAML document with the line of each value.

    Raises:
        YamlFault: no YAML, more than one document, a key given twice, an alias or a merge (which
            can make a short file endless), or a tag that is not plain.
    """
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines = dict(_lines(node, (), set())) if node else {}
        return LocatedYaml(loader.construct_document(node) if node else None, lines)
    except yaml.reader.ReaderError as error:
        raise YamlFault(text.count("\n", 0, error.position) + 1, "unprintable character") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlFault(line, error.problem or "not YAML") from None
    except RecursionError:
        raise YamlFault(1, "nested too deeply") from None
    except YamlFault:
        raise
    except ValueError as error:
        raise YamlFault(1, f"no plain value: {error}") from None


def _lines(node: yaml.Node, path: Location, seen: set[int]) -> Iterable[tuple[Location, int]]:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise YamlFault(line, "an anchor is used again; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        known: set[str] = set()
        for key, value in node.value:
            _check_key(key, known)
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value), seen)
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield (*path, str(place)), item.start_mark.line + 1
            yield from _lines(item, (*path, str(place)), seen)


def _check_key(key: yaml.Node, known: set[str]) -> None:
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
        raise YamlFault(line, "a key must be a plain name")
    if key.value in known:
        raise YamlFault(line, f"key {key.value!r} is given twice")
    known.add(key.value)
