"""Merges and validates kubeconfigs.

They are merged as kubectl does: the first file that defines a name wins. Their credentials
(tokens, certificates, plugins) are then read by the official client. Errors are one line that
names the file.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes.aio.config.kube_config import ConfigNode

from probewatch.errors import KubeconfigError
from probewatch.kube.impersonation import Headers, read_impersonation
from probewatch.kube.kubeconfig_paths import PATHS_SEPARATOR

Json = dict[str, object]

SECTIONS: Mapping[str, str] = {"clusters": "cluster", "contexts": "context", "users": "user"}
"""The lists of named items, and the key under which an item has its contents."""

ANONYMOUS = "(anonymous)"
"""The user of a context without one, because the official client requires one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """A merged kubeconfig, reduced to one complete context."""

    where: str
    """The files, for messages."""
    node: ConfigNode
    """For the official client; each part knows its file, since paths are relative to it."""
    namespace: str = ""
    """The context's namespace, the default of commands."""
    plugin: str = ""
    """The command of the user's credential plugin, if any."""
    token_file: str = ""
    """The file with the user's token, if any."""
    ca_named: str = ""
    """Where the CA is embedded, if it is not in a file of its own; for messages."""
    certificate_named: str = ""
    """Where the client certificate comes from, if not from a file of its own; for messages."""
    impersonation: Headers = ()
    """Headers that make the user act as another one."""


def read_kubeconfig(paths: Sequence[Path], context: str) -> Kubeconfig:
    """Merge the files at *paths*, and return *context*, or the current context if it is empty.

    Raises KubeconfigError.
    """
    where = PATHS_SEPARATOR.join(map(str, paths))
    merged: dict[str, dict[str, ConfigNode]] = {section: {} for section in SECTIONS}
    current = context
    for path in paths:
        content = _read_file(path)
        current = current or str(content.get("current-context") or "")
        for section, key in SECTIONS.items():
            for name, item in _read_section(content, section, key, path):
                merged[section].setdefault(name, item)
    return _choose(where, current, merged)


def _read_file(path: Path) -> Json:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KubeconfigError(f"kubeconfig {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"kubeconfig {path}: not YAML{_place(error)}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise KubeconfigError(f"kubeconfig {path}: not a kubeconfig")
    return content


def _place(error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
    return f" in line {mark.line + 1}: {problem}" if mark else ""


def _read_section(
    content: Json, section: str, key: str, path: Path
) -> Sequence[tuple[str, ConfigNode]]:
    items = content.get(section) or []
    if not isinstance(items, list):
        raise KubeconfigError(f"kubeconfig {path}: {section} is not a list")
    return [_read_item(item, section, key, path) for item in items]


def _read_item(item: object, section: str, key: str, path: Path) -> tuple[str, ConfigNode]:
    if not isinstance(item, dict) or not item.get("name"):
        raise KubeconfigError(f"kubeconfig {path}: an item of {section} has no name")
    name, body = str(item["name"]), item.get(key) or {}
    if not isinstance(body, dict):
        raise KubeconfigError(f"kubeconfig {path}: the {key} {name!r} is not a mapping")
    if section == "contexts":
        body = {**body, "user": body.get("user") or ANONYMOUS}
    return name, ConfigNode(f"{section}/{name}", {"name": name, key: body}, str(path))


def _choose(where: str, context: str, merged: Mapping[str, Mapping[str, ConfigNode]]) -> Kubeconfig:
    contexts = merged["contexts"]
    known = ", ".join(sorted(contexts)) or "none"
    if not context:
        raise KubeconfigError(f"kubeconfig {where}: no current context; it has: {known}")
    if context not in contexts:
        raise KubeconfigError(f"kubeconfig {where}: no context {context!r}; it has: {known}")
    chosen = contexts[context].value["context"]
    cluster = _named(merged["clusters"], chosen.get("cluster"), "cluster", where, context)
    users = {ANONYMOUS: _nobody(), **merged["users"]}
    user = _named(users, chosen["user"], "user", where, context)
    if not cluster.value["cluster"].get("server"):
        raise KubeconfigError(f"kubeconfig {where}: the cluster of {context!r} has no server")
    parts = {"contexts": [contexts[context]], "clusters": [cluster], "users": [user]}
    plugin = user.value["user"].get("exec") or {}
    command = str(plugin.get("command") or "?") if plugin else ""
    ca = _find_data(cluster, "cluster", "certificate-authority-data", where)
    _find_data(user, "user", "client-key-data", where)
    certificate = _find_data(user, "user", "client-certificate-data", where)
    return Kubeconfig(
        where=where,
        namespace=str(chosen.get("namespace") or ""),
        node=ConfigNode("kubeconfig", {"current-context": context, **parts}),
        plugin=command,
        token_file=str(user.value["user"].get("tokenFile") or ""),
        ca_named=ca,
        certificate_named=certificate or (command and f"clientCertificateData of {command}"),
        impersonation=read_impersonation(user.value["user"], f"kubeconfig {where}"),
    )


def _find_data(part: ConfigNode, key: str, field: str, where: str) -> str:
    """Return how messages name an embedded field like `client-key-data`; empty if it is absent.

    Raises KubeconfigError if it is not base64.
    """
    data = part.value[key].get(field)
    if not data:
        return ""
    named = f"{field} of the {key} {part.value['name']!r}"
    text = "".join(data.split()) if isinstance(data, str) else ""
    try:
        base64.b64decode(text, validate=True)  # as kubectl does, except for the line ends
    except ValueError as error:
        raise KubeconfigError(f"kubeconfig {where}: {named} is not in base64") from error
    return named


def _named(
    parts: Mapping[str, ConfigNode], name: object, what: str, where: str, context: str
) -> ConfigNode:
    if name is None or str(name) not in parts:
        raise KubeconfigError(
            f"kubeconfig {where}: the context {context!r} names a missing {what}: {name}"
        )
    return parts[str(name)]


def _nobody() -> ConfigNode:
    return ConfigNode(f"users/{ANONYMOUS}", {"name": ANONYMOUS, "user": {}})
