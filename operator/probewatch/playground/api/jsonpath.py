"""The JSONPath of printer columns.

Names, indices, `[*]` and filters are supported: `.conditions[?(@.type=="Ready")].status`.
"""

import re
from collections.abc import Callable, Sequence

from probewatch.playground.json_object import Json

Step = Callable[[Sequence[Json]], list[Json]]
"""The values found so far → the values one step further."""

_TOKEN = re.compile(
    r"""\.?(?P<name>[A-Za-z0-9_\-/\\.]*?[A-Za-z0-9_\-/])(?=\.|\[|$)
      | \[(?P<index>-?\d+)\]
      | \.?\[?(?P<all>\*)\]?
      | \[['"](?P<quoted>[^'"]+)['"]\]
      | \[\?\(@\.(?P<field>[\w.\-]+)\s*(?P<operator>==|!=)\s*['"]?(?P<value>[^'")]*)['"]?\)\]
    """,
    re.VERBOSE,
)


def parse_path(text: str) -> tuple[Step, ...]:
    """Return the steps of a path; raises ValueError if it is not supported."""
    rest, steps = text.strip().removeprefix("{").removesuffix("}").removeprefix("$"), []
    while rest and rest != ".":
        match = _TOKEN.match(rest)
        if match is None or not match.group():
            raise ValueError(f"{text} is no JSONPath that is understood")
        steps.append(_make_step(match))
        rest = rest[match.end() :]
    return tuple(steps)


def _make_step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        number = int(match["index"])
        return lambda found: [item[number] for item in found if _has_element(item, number)]
    if match["all"]:
        return lambda found: [child for item in found for child in _children(item)]
    if match["field"]:
        return _make_filter(match["field"], match["operator"], match["value"])
    name = (match["name"] or match["quoted"]).replace("\\.", ".")
    return lambda found: [item[name] for item in found if isinstance(item, dict) and name in item]


def _make_filter(field: str, operator: str, value: str) -> Step:
    steps = parse_path(f".{field}")

    def keep(item: Json) -> bool:
        got = "".join(_render(each) for each in walk(steps, item))
        return (got == value) == (operator == "==")

    return lambda found: [
        child for item in found if isinstance(item, list) for child in item if keep(child)
    ]


def _has_element(item: Json, number: int) -> bool:
    return isinstance(item, list) and -len(item) <= number < len(item)


def _children(item: Json) -> list[Json]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _render(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def walk(steps: Sequence[Step], obj: Json) -> list[Json]:
    """Return all values at the path."""
    found: list[Json] = [obj]
    for step in steps:
        found = step(found)
    return found
