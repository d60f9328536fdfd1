"""Updates docs/custom-resources.md from the definitions in crds/.

`python -m probewatch.pages.crds docs/custom-resources.md`, in a checkout.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from probewatch.core.policies import REASONS
from probewatch.pages.tables import write_page

CRDS = Path(__file__).resolve().parents[3] / "crds"
POLICIES, REPORTS = CRDS / "probepolicies.yaml", CRDS / "probereports.yaml"

INSIDE_CONDITIONS = "conditions[]"
"""Not described: the fields of a condition are standard in Kubernetes."""

SHOWN_VALUES = 5
"""How many values of an enum are shown; longer ones end with an ellipsis."""

Node = Mapping[str, Any]


def make_tables() -> Mapping[str, str]:
    """Return the tables of the page."""
    policies, reports = _load(POLICIES), _load(REPORTS)
    return {
        "policy-spec": _fields(policies, "spec"),
        "policy-status": _fields(policies, "status"),
        "policy-columns": _columns(policies),
        "policy-reasons": _reasons(),
        "report-status": _fields(reports, "status"),
        "report-columns": _columns(reports),
    }


def _load(file: Path) -> Node:
    version: Node = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]["versions"][0]
    return version


def _fields(version: Node, part: str) -> str:
    root = version["schema"]["openAPIV3Schema"]["properties"][part]
    rows = "".join(
        f"| `{path}` | {_type(node)} | {_bounds(node)} | {node['description']} |\n"
        for path, node in _walk(root, part)
    )
    rules = "".join(f"| `{part}` | rule | | {_capital(text)}. |\n" for text in _rules(root))
    return "| field | type | values | description |\n|---|---|---|---|\n" + rows + rules


def _walk(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    for name, child in node.get("properties", {}).items():
        here = f"{path}.{name}" + ("[]" if child["type"] == "array" else "")
        yield here, child
        if not here.endswith(INSIDE_CONDITIONS):
            yield from _walk(child.get("items", child), here)


def _rules(node: Node) -> Iterator[str]:
    """Yield the messages of the validation rules of a node and of all nodes in it."""
    for rule in node.get("x-kubernetes-validations", ()):
        yield rule["message"]
    for child in node.get("properties", {}).values():
        yield from _rules(child)
    if "items" in node:
        yield from _rules(node["items"])


def _type(node: Node) -> str:
    if node["type"] == "array":
        return f"list of {node['items']['type']}s"
    if "additionalProperties" in node:
        return f"map of {node['additionalProperties']['type']}s"
    return "time" if node.get("format") == "date-time" else str(node["type"])


def _bounds(node: Node) -> str:
    if node["type"] == "array":
        inner = _bounds(node["items"]) if node["items"]["type"] != "object" else ""
        return f"at most {node['maxItems']}" + (f", each {inner}" if inner else "")
    if node.get("format") == "date-time":
        return ""
    if "enum" in node:
        some = ", ".join(f"`{each}`" for each in node["enum"][:SHOWN_VALUES])
        return some + (", …" if len(node["enum"]) > SHOWN_VALUES else "")
    if "maximum" in node:
        default = f", `{node['default']}` if not set" if "default" in node else ""
        return f"{_number(node['minimum'])} to {_number(node['maximum'])}{default}"
    if "maxProperties" in node:
        return f"at most {node['maxProperties']}"
    return f"at most {node['maxLength']} characters" if "maxLength" in node else ""


def _number(number: float) -> str:
    return f"{number:,}"


def _columns(version: Node) -> str:
    rows = "".join(
        f"| {column['name']} | {'wide' if column.get('priority') else ''} "
        f"| {column['description']} |\n"
        for column in version["additionalPrinterColumns"]
    )
    return "| column | | description |\n|---|---|---|\n" + rows


def _reasons() -> str:
    rows = "".join(
        f"| `{reason}` | {'False' if reason.startswith('Invalid') else 'True'} | {words} |\n"
        for reason, words in REASONS.items()
    )
    return "| reason | Accepted | meaning |\n|---|---|---|\n" + rows


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    write_page(sys.argv[1], make_tables())
