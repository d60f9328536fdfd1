"""Brings what is derived in the chart up to date: `make chart`.

README.md            the table of values, from the comments of values.yaml
values.schema.json   what may stand under `settings`, from the operator's; the names of alerts;
                     what must not be left empty, from values.yaml; `policies`, from crds/;
                     the types of what Kubernetes defines, from the models of its client
files/crds/          the definitions of crds/: as templates, which Helm upgrades

python deploy/chart/make_chart.py [FOLDER]    writes deploy/chart/probewatch, or a copy of it
"""

import dataclasses
import json
import re
import shutil
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from probewatch.pages.settings import find_reasons
from probewatch.pages.tables import write_page
from probewatch.playground.api.schemas import REF, load_schemas
from probewatch.setting_bounds import BOUNDS, SELECTOR, ZERO_IS_FINE
from probewatch.settings import Settings

CHART = Path(__file__).resolve().parent / "probewatch"
REPOSITORY = CHART.parents[2]
CRDS = REPOSITORY / "crds"
INSTALL_PAGE = REPOSITORY / "docs" / "install.md"

SET_BY_THE_CHART = frozenset(
    {
        "kubeconfig",
        "context",
        "namespaces",
        "instance",
        "metrics_address",
        "metrics_cert_file",
        "metrics_key_file",
        "metrics_authorization",
        "lease_name",
        "lease_namespace",
    }
)
"""Settings that the templates fill in by themselves."""

MAY_BE_EMPTY = frozenset(
    {
        "settings",
        "strategy.rollingUpdate",
        "resources",
        "podSecurityContext",
        "securityContext",
        "dashboards.labels",
    }
)
"""Keys with a default that may be taken away; templates do without, and so does Kubernetes."""

SHAPES: Mapping[str, str] = {
    "affinity": "V1Affinity",
    "extraEnv": "V1EnvVar",
    "extraEnvFrom": "V1EnvFromSource",
    "extraVolumeMounts": "V1VolumeMount",
    "networkPolicy.apiServer": "V1NetworkPolicyEgressRule",
    "networkPolicy.extraEgress": "V1NetworkPolicyEgressRule",
    "networkPolicy.metricsFrom": "V1NetworkPolicyPeer",
    "podSecurityContext": "V1PodSecurityContext",
    "securityContext": "V1SecurityContext",
    "tolerations": "V1Toleration",
    "topologySpreadConstraints": "V1TopologySpreadConstraint",
}
"""Keys that hold an object of Kubernetes, or a list of such, and its model. Volumes are left out:
their thirty kinds would be half of the schema."""

SYNTAXES: Mapping[str, str] = {
    "pod_selector": f"^({SELECTOR})?$",
    "liveness_address": r"^([^:\s]*:[0-9]{1,5}|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5})?$",
}
"""The syntax of settings that are text."""

SHOWN_WHOLE = 60
"""A default longer than this is not repeated in the table."""


def camel_case(name: str) -> str:
    """Return a setting's name as the chart spells it."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def schema_of(name: str, hint: object) -> dict[str, Any]:
    """Return the JSON schema of one setting."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [str(each) for each in hint]}
    if hint in (int, float):
        kind = "integer" if hint is int else "number"
        return {"type": kind, **bounds_of(name)}
    if hint is bool:
        return {"type": "boolean"}
    syntax = {"pattern": SYNTAXES[name]} if name in SYNTAXES else {}
    return {"type": "string", **syntax}


def bounds_of(name: str) -> dict[str, float]:
    """Return the bounds of a number, as the operator checks them."""
    if name in BOUNDS:
        smallest, largest = BOUNDS[name]
        return {"minimum": smallest, "maximum": largest}
    return {"minimum": 0} if name in ZERO_IS_FINE else {"exclusiveMinimum": 0}


def settings_schema() -> dict[str, Any]:
    """Return the schema of `settings`: each field of the operator's that is the user's to set."""
    reasons = dict(find_reasons())
    hints = typing.get_type_hints(Settings)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            camel_case(each.name): {
                "description": reasons[each.name],
                **schema_of(each.name, hints[each.name]),
            }
            for each in dataclasses.fields(Settings)
            if each.name not in SET_BY_THE_CHART
        },
    }


def policy_schema() -> dict[str, Any]:
    """Return the schema of a policy's spec: what its definition says, and nothing else in it.

    The API server leaves a field out that it does not know, and Helm 3 does not ask it to refuse.
    """
    definition = yaml.safe_load((CRDS / "probepolicies.yaml").read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    closed: dict[str, Any] = close(spec)
    return closed


def close(schema: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a schema of Kubernetes as one that knows JSON Schema's words alone, and is closed."""
    if isinstance(schema, list):
        return [close(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: close(each) for name, each in value.items()}
        if key == "properties"
        else close(value)
        for key, value in schema.items()
        if not key.startswith("x-kubernetes-") and key not in {"default", "format", "nullable"}
    }
    return {"additionalProperties": False, **kept} if "properties" in kept else kept


def put_shapes(schema: dict[str, Any]) -> None:
    """Put the models of Kubernetes into the schema, and refer to them for the keys that have one.

    They give the types of fields, such as that the value of a variable is a text. Further fields
    are let through: they may be those of a newer Kubernetes.
    """
    models = load_schemas(SHAPES.values())
    kept = {name: each for name, each in schema["definitions"].items() if not is_model(name)}
    shapes = {name: simplify(each) for name, each in sorted(models.items())}
    schema["definitions"] = kept | shapes
    for place, model in SHAPES.items():
        found = schema
        for key in place.split("."):
            found = found["properties"][key]
        found = found.get("items", found)
        found["allOf"] = [{"$ref": f"#/definitions/{model}"}]


def is_model(name: str) -> bool:
    """Whether a definition is a model of Kubernetes, by its name."""
    return re.match(r"V\d", name) is not None


def simplify(schema: Any) -> Any:  # noqa: ANN401  # JSON
    """Return the schema of a model as types alone, each of which may be null, as in Kubernetes."""
    if "allOf" in schema:
        return {"$ref": schema["allOf"][0]["$ref"].replace(REF, "#/definitions/")}
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string", "null"]}
    if "type" not in schema:
        return {}
    kept: dict[str, Any] = {"type": [schema["type"], "null"]}
    if properties := schema.get("properties"):
        kept["properties"] = {name: simplify(each) for name, each in properties.items()}
    for key in ("items", "additionalProperties"):
        if key in schema:
            kept[key] = simplify(schema[key])
    if required := schema.get("required"):
        kept["required"] = required
    return kept


def find_alerts(rules: Path) -> list[str]:
    """Return the names of all alerts, in order."""
    return sorted(
        re.findall(r"^ *- alert: (\w+)$", rules.read_text(encoding="utf-8"), re.MULTILINE)
    )


def find_required(values: dict[str, Any], inside: str = "") -> dict[str, list[str]]:
    """Return which keys templates cannot do without, by the map that they stand in.

    A key with nothing behind it (`image:`) is null, by which Helm takes a default away. Without a
    rule a template fails on that with words of its own, or makes an object that means something
    else.
    """
    required: dict[str, list[str]] = {}
    for key, value in values.items():
        if f"{inside}{key}" in MAY_BE_EMPTY or value in ("", [], {}):
            continue
        required.setdefault(inside.rstrip("."), []).append(key)
        if isinstance(value, dict):
            required |= find_required(value, f"{inside}{key}.")
    return required


def require(schema: dict[str, Any], required: dict[str, list[str]]) -> None:
    """Put into the schema what must not be left empty.

    Of a shape that several keys share by reference, only that it is there is asked.
    """
    for place, keys in required.items():
        found = schema
        for key in filter(None, place.split(".")):
            found = found["properties"][key]
        if "$ref" not in found:
            found["required"] = keys


def write_schema(path: Path, alerts: Sequence[str], values: dict[str, Any]) -> None:
    """Put what is derived into the schema at *path*; the rest of it is written by hand.

    Keys are matched by a pattern: of what `propertyNames` refuses, Helm 4 tells a wrong place.
    """
    schema = json.loads(path.read_text(encoding="utf-8"))
    require(schema, find_required(values))
    put_shapes(schema)
    schema["properties"]["settings"] = settings_schema()
    schema["properties"]["policies"]["items"]["properties"]["spec"] = policy_schema()
    schema["definitions"]["alert"]["enum"] = list(alerts)
    for name in ("severities", "waitingTimes"):
        by_alert = schema["properties"]["prometheusRule"]["properties"][name]
        (shape,) = by_alert["patternProperties"].values()
        by_alert["patternProperties"] = {f"^({'|'.join(alerts)})$": shape}
    path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def find_comments(text: str) -> Iterator[tuple[str, str]]:
    """Yield each documented key of values.yaml, dotted, with its comment.

    A comment opens with `# -- ` and may go on over several lines.
    """
    comment: list[str] = []
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found := re.match(r" *# -- (.*)", line):
            comment = [found[1]]
        elif comment and (found := re.match(r" *# (.*)", line)):
            comment.append(found[1])
        elif found := re.match(r"( *)([A-Za-z]\w*):", line):
            depth = len(found[1])
            path = [*(each for each in path if each[0] < depth), (depth, found[2])]
            if comment:
                yield ".".join(name for _, name in path), " ".join(comment)
            comment = []


def look_up(values: dict[str, Any], key: str) -> object:
    """Return the default of a dotted key."""
    found: Any = values
    for name in key.split("."):
        found = found[name]
    return found


def render_default(value: object) -> str:
    """Return a default for the table."""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= SHOWN_WHOLE else "see values.yaml"


def values_table(text: str) -> str:
    """Return the table of all documented values."""
    values = yaml.safe_load(text)
    rows = (
        f"| `{key}` | {render_default(look_up(values, key))} | {comment.replace('|', '&#124;')} |\n"
        for key, comment in find_comments(text)
    )
    return "| key | default | description |\n|---|---|---|\n" + "".join(rows)


def copy_definitions(target: Path) -> None:
    """Make *target* a copy of the definitions in crds/."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted(CRDS.glob("*.yaml")):
        if yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] == "CustomResourceDefinition":
            shutil.copy(path, target / path.name)


def find_rights(chart: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each rule of a template with the reason above it, which may serve several rules."""
    text = (chart / "templates" / "_rights.tpl").read_text(encoding="utf-8")
    _, _, body = text.partition(f'define "{name}" -}}}}\n')
    body, _, _ = body.partition("{{- end -}}")
    reason = ""
    for part in re.split(r"^(?=#|- )", re.sub(r"{{.*?}}", "probewatch", body), flags=re.MULTILINE):
        if part.startswith("#"):
            reason = part.removeprefix("# ").strip()
        elif part:
            yield reason, yaml.safe_load(part)[0]


def rights_table(chart: Path) -> str:
    """Return the table of what the operator may do where it watches, and elsewhere."""
    rows = "".join(
        f"| {place} | `{'`, `'.join(rule['resources'])}` ({rule['apiGroups'][0] or 'core'}) "
        f"| {', '.join(rule['verbs'])} | {reason} |\n"
        for place, name in (
            ("watched namespaces", "probewatch.rights"),
            ("its own namespace", "probewatch.leaseRights"),
            ("`default`, by `rbac.nodeEvents`", "probewatch.nodeEventRights"),
        )
        for reason, rule in find_rights(chart, name)
    )
    return "| where | what | may | why |\n|---|---|---|---|\n" + rows


def main(chart: Path, install_page: Path) -> None:
    """Bring the chart in the folder *chart*, and the page, up to date."""
    copy_definitions(chart / "files" / "crds")
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    alerts = find_alerts(chart / "files" / "rules.yaml")
    write_schema(chart / "values.schema.json", alerts, yaml.safe_load(text))
    write_page(str(chart / "README.md"), {"values": values_table(text)})
    write_page(str(install_page), {"rights": rights_table(chart)})


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:]]
    main(*(given or (CHART, INSTALL_PAGE)))
