"""Removes sensitive data from recorded objects, so that a recording can be shared.

Attribution needs none of it: values of environment variables, commands, headers of
HTTP probes, annotations (except the two that are kept), managed fields, and the
output of probes and applications.
"""

from collections.abc import Collection, Iterator
from enum import StrEnum

from probewatch.commands.privacy_commands import leave_out_command, shorten_reason
from probewatch.commands.privacy_output import leave_out_message

Json = dict[str, object]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds a copy of the whole manifest, environment and commands included."""

KEPT_ANNOTATIONS = frozenset(
    {
        "kubernetes.io/config.mirror",  # joins a static pod to its Events
        "probewatch.dev/ignore",
    }
)

_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_STATUS_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


class Omission(StrEnum):
    """Something that can be left out, by its name on the command line."""

    ENV = "env"
    COMMANDS = "commands"
    ANNOTATIONS = "annotations"
    MANAGED_FIELDS = "managedFields"
    OUTPUT = "output"


def leave_out(item: Json, omissions: Collection[Omission]) -> Json:
    """Remove from a decoded Pod or Event what is not to be recorded; changes `item` itself."""
    metadata = _child(item, "metadata")
    if Omission.MANAGED_FIELDS in omissions:
        metadata.pop("managedFields", None)
    if Omission.ANNOTATIONS in omissions:
        _keep_only(_child(metadata, "annotations"), KEPT_ANNOTATIONS)
    if Omission.ENV in omissions:
        _leave_out_env(item)
    if Omission.COMMANDS in omissions:
        _leave_out_commands(item)
    if Omission.OUTPUT in omissions:
        _leave_out_output(item)
    if {Omission.ENV, Omission.COMMANDS} & set(omissions):
        _child(metadata, "annotations").pop(LAST_APPLIED, None)
    if {Omission.COMMANDS, Omission.OUTPUT} & set(omissions):
        _shorten_reasons(item)
    return item


def _leave_out_env(pod: Json) -> None:
    """Remove the values of environment variables; the names stay."""
    for container in _containers(pod):
        for variable in _children(container, "env"):
            variable.pop("value", None)


def _leave_out_commands(item: Json) -> None:
    """Remove commands, their arguments, and the headers of HTTP probes, which may be tokens.

    An exec probe stays an exec probe. Events and container states quote commands that failed, so
    they are removed there too.
    """
    for container in _containers(item):
        container.pop("command", None)
        container.pop("args", None)
        lifecycle = _child(container, "lifecycle")
        handlers = [_child(container, name) for name in _PROBES]
        handlers += [_child(lifecycle, name) for name in _HOOKS]
        for handler in handlers:
            _child(handler, "exec").pop("command", None)
            _child(handler, "httpGet").pop("httpHeaders", None)
    for quoting in (item, *_states(item)):
        message = quoting.get("message")
        if isinstance(message, str):
            quoting["message"] = leave_out_command(message)


def _leave_out_output(item: Json) -> None:
    """Reduce messages of Events to the kind of failure; remove those of container states."""
    reason, message = item.get("reason"), item.get("message")
    if isinstance(reason, str) and isinstance(message, str):
        item["message"] = leave_out_message(reason, message)
    for state in _states(item):
        state.pop("message", None)


def _shorten_reasons(item: Json) -> None:
    """Remove the error of a hook from the reason of a waiting container: it quotes both."""
    for state in _states(item):
        reason = state.get("reason")
        if isinstance(reason, str):
            state["reason"] = shorten_reason(reason)


def _states(pod: Json) -> Iterator[Json]:
    """Yield the states of containers that have a reason and a message."""
    for name in _STATUS_LISTS:
        for status in _children(_child(pod, "status"), name):
            for when in ("state", "lastState"):
                for state in ("terminated", "waiting"):
                    yield _child(_child(status, when), state)


def _keep_only(mapping: Json, kept: Collection[str]) -> None:
    for name in mapping.keys() - kept:
        del mapping[name]


def _containers(pod: Json) -> Iterator[Json]:
    spec = _child(pod, "spec")
    for name in _CONTAINER_LISTS:
        yield from _children(spec, name)


def _child(parent: Json, name: str) -> Json:
    """Return the object in a field, or an empty one that is not part of *parent*."""
    child = parent.get(name)
    return child if isinstance(child, dict) else {}


def _children(parent: Json, name: str) -> Iterator[Json]:
    items = parent.get(name)
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
