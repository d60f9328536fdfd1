"""The columns of tables, and cells that many of them share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from probewatch.playground.json_object import JsonObject

Cell = Callable[[JsonObject, float], Any]
"""The object and the current time → the value in the column."""

UNKNOWN, NONE = "<unknown>", "<none>"
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; those with a priority above 0 are shown by `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""

    def define(self) -> JsonObject:
        """Return the column as a table declares it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def dig(obj: Any, *path: str) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value at a path of keys; None if any of them is missing."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def field(*path: str, default: Any = "") -> Cell:  # noqa: ANN401  # any JSON value
    """Return a cell with the value at that path, or *default*."""

    def cell(obj: JsonObject, _now: float) -> object:
        found = dig(obj, *path)
        return default if found is None else found

    return cell


def has_condition(status: JsonObject | None, type_: str) -> bool:
    """Whether a condition of a status is True."""
    conditions = (status or {}).get("conditions") or ()
    return any(item.get("type") == type_ and item.get("status") == "True" for item in conditions)


def parse_seconds(text: str) -> float:
    """Return a time of the API as epoch seconds; raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def since(text: str | None, now: float) -> str:
    """Return how long ago a time was, as text."""
    if not text:
        return UNKNOWN
    try:
        return render_span(now - parse_seconds(text))
    except ValueError:
        return UNKNOWN


def age(obj: JsonObject, now: float) -> str:
    """Return the age of an object, as text."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def render_span(seconds: float) -> str:
    """Return a duration in one or two units, as kubectl prints it."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    total = max(total, 0)
    for limit, unit, sign, small, small_sign in (
        (2 * MINUTE, 1, "s", 0, ""),
        (10 * MINUTE, MINUTE, "m", 1, "s"),
        (3 * HOUR, MINUTE, "m", 0, ""),
        (8 * HOUR, HOUR, "h", MINUTE, "m"),
        (2 * DAY, HOUR, "h", 0, ""),
        (8 * DAY, DAY, "d", HOUR, "h"),
        (2 * YEAR, DAY, "d", 0, ""),
        (8 * YEAR, YEAR, "y", DAY, "d"),
    ):
        if total < limit:
            rest = total % unit // small if small else 0
            return f"{total // unit}{sign}" + (f"{rest}{small_sign}" if rest else "")
    return f"{total // YEAR}y"


def join(values: Iterable[Any]) -> str:
    """Return values as one cell."""
    return ",".join(str(value) for value in values) or NONE


def render_selector(selector: Mapping[str, Any] | None) -> str:
    """Return a label selector in kubectl's syntax."""
    selector = selector or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for item in selector.get("matchExpressions") or ():
        key, operator, values = item["key"], item["operator"], item.get("values") or ()
        text = {"Exists": key, "DoesNotExist": f"!{key}"}.get(operator)
        parts.append(text or f"{key} {operator.lower()} ({','.join(values)})")
    return join(parts)


NAME = Column(name="Name", cell=lambda obj, _now: obj["metadata"]["name"], format="name")
AGE = Column(name="Age", cell=age)
CREATED_AT = Column(
    name="Created At",
    cell=lambda obj, _now: obj["metadata"].get("creationTimestamp") or UNKNOWN,
    type="date",
)
