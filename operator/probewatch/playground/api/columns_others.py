"""The columns of `kubectl get` for all resources except pods, Events and workloads."""

from collections.abc import Iterable

from probewatch.playground.api.columns import (
    AGE,
    CREATED_AT,
    NAME,
    NONE,
    UNKNOWN,
    Column,
    dig,
    field,
    join,
    render_selector,
)
from probewatch.playground.json_object import JsonObject

ROLE_LABEL = "node-role.kubernetes.io/"


def _node_status(node: JsonObject, _now: float) -> str:
    conditions = {item["type"]: item["status"] for item in dig(node, "status", "conditions") or ()}
    words = {"True": "Ready", "False": "NotReady"}
    status = words.get(conditions.get("Ready", ""), "Unknown")
    return f"{status},SchedulingDisabled" if dig(node, "spec", "unschedulable") else status


def _node_roles(node: JsonObject, _now: float) -> str:
    labels = node["metadata"].get("labels") or {}
    found = (key.removeprefix(ROLE_LABEL) for key in labels if key.startswith(ROLE_LABEL))
    return join(sorted(found))


def _address(type_: str) -> Column:
    def cell(node: JsonObject, _now: float) -> str:
        addresses = dig(node, "status", "addresses") or ()
        found = (item["address"] for item in addresses if item.get("type") == type_)
        return next(found, NONE)

    return Column(name=type_.replace("IP", "-IP"), cell=cell, priority=1)


def _node_info(name: str, key: str, *, priority: int = 1) -> Column:
    path = ("status", "nodeInfo", key)
    cell = field(*path, default=UNKNOWN if priority else "")
    return Column(name=name, cell=cell, priority=priority)


NODE_COLUMNS = (
    NAME,
    Column(name="Status", cell=_node_status),
    Column(name="Roles", cell=_node_roles),
    AGE,
    _node_info("Version", "kubeletVersion", priority=0),
    _address("InternalIP"),
    _address("ExternalIP"),
    _node_info("OS-Image", "osImage"),
    _node_info("Kernel-Version", "kernelVersion"),
    _node_info("Container-Runtime", "containerRuntimeVersion"),
)


def _ports(service: JsonObject, _now: float) -> str:
    return join(_port(item) for item in dig(service, "spec", "ports") or ())


def _port(item: JsonObject) -> str:
    node = f":{item['nodePort']}" if item.get("nodePort") else ""
    return f"{item.get('port')}{node}/{item.get('protocol', 'TCP')}"


SERVICE_COLUMNS = (
    NAME,
    Column(name="Type", cell=field("spec", "type")),
    Column(name="Cluster-IP", cell=field("spec", "clusterIP", default=NONE)),
    Column(name="External-IP", cell=lambda service, _now: join(_external(service))),
    Column(name="Port(s)", cell=_ports),
    AGE,
    Column(
        name="Selector",
        cell=lambda service, _now: render_selector(
            {"matchLabels": dig(service, "spec", "selector")}
        ),
        priority=1,
    ),
)


def _external(service: JsonObject) -> Iterable[str]:
    ingress = dig(service, "status", "loadBalancer", "ingress") or ()
    return [item.get("ip") or item.get("hostname") or "" for item in ingress] or (
        dig(service, "spec", "externalIPs") or ()
    )


def _size(*keys: str) -> Column:
    def cell(obj: JsonObject, _now: float) -> int:
        return sum(len(obj.get(key) or ()) for key in keys)

    return Column(name="Data", cell=cell, type="integer")


def _role(binding: JsonObject, _now: float) -> str:
    ref = binding.get("roleRef") or {}
    return f"{ref.get('kind')}/{ref.get('name')}"


def _subjects(name: str, kind: str) -> Column:
    def cell(binding: JsonObject, _now: float) -> str:
        found = [item for item in binding.get("subjects") or () if item.get("kind") == kind]
        prefix = (f"{item['namespace']}/" if item.get("namespace") else "" for item in found)
        pairs = zip(prefix, found, strict=True)
        return ", ".join(f"{head}{item.get('name')}" for head, item in pairs)

    return Column(name=name, cell=cell, priority=1)


BINDING_COLUMNS = (
    NAME,
    Column(name="Role", cell=_role),
    AGE,
    _subjects("Users", "User"),
    _subjects("Groups", "Group"),
    _subjects("ServiceAccounts", "ServiceAccount"),
)
BUDGET_COLUMNS = (
    NAME,
    Column(name="Min Available", cell=field("spec", "minAvailable", default="N/A")),
    Column(name="Max Unavailable", cell=field("spec", "maxUnavailable", default="N/A")),
    Column(
        name="Allowed Disruptions",
        cell=field("status", "disruptionsAllowed", default=0),
        type="integer",
    ),
    AGE,
)
NAMESPACE_COLUMNS = (NAME, Column(name="Status", cell=field("status", "phase")), AGE)
CONFIG_MAP_COLUMNS = (NAME, _size("data", "binaryData"), AGE)
SECRET_COLUMNS = (NAME, Column(name="Type", cell=field("type")), _size("data"), AGE)
LEASE_COLUMNS = (NAME, Column(name="Holder", cell=field("spec", "holderIdentity")), AGE)
NETWORK_POLICY_COLUMNS = (
    NAME,
    Column(
        name="Pod-Selector",
        cell=lambda obj, _now: render_selector(dig(obj, "spec", "podSelector")),
    ),
    AGE,
)
PRIORITY_CLASS_COLUMNS = (
    NAME,
    Column(name="Value", cell=field("value", default=0), type="integer"),
    Column(name="Global-Default", cell=field("globalDefault", default=False), type="boolean"),
    AGE,
    Column(name="PreemptionPolicy", cell=field("preemptionPolicy", default="PreemptLowerPriority")),
)
NAME_AND_CREATION = (NAME, CREATED_AT)
NAME_AND_AGE = (NAME, AGE)
