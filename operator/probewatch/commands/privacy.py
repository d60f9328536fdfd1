"""What a recording can leave out, so that it can be shown to others.

Attribution needs none of it: not the values of environment variables, not the
command lines and the headers that probes send, not the annotations (but for two that
say what a pod is), not the bookkeeping of who set which field, and not the words
of probes and applications.
"""

import re
from collections.abc import Collection, Iterator
from enum import StrEnum

from probewatch.commands.privacy_output import leave_out_message

Json = dict[str, object]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds the whole manifest again, environment and commands included."""

KEPT_ANNOTATIONS = frozenset(
    {
        "kubernetes.io/config.mirror",  # joins a static pod to its Events
        "probewatch.dev/ignore",
    }
)

_TIMED_OUT = re.compile(r'(command timed out: )".*"( timed out)?', re.DOTALL)
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_STATUS_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


class Omission(StrEnum):
    """One thing to leave out, as on the command line."""

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
    return item


def _leave_out_env(pod: Json) -> None:
    """Names of variables stay: they say what kind of thing is configured, not how."""
    for container in _containers(pod):
        for variable in _children(container, "env"):
            variable.pop("value", None)


def _leave_out_commands(item: Json) -> None:
    """An exec probe stays an exec probe; the message of a timed-out one quotes its command.

    A header is to a probe over HTTP what an argument is to a command: it may be a token.
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
    message = item.get("message")
    if isinstance(message, str):
        item["message"] = _TIMED_OUT.sub(r'\1""\2', message)


def _leave_out_output(item: Json) -> None:
    """Events keep the kind of what was said, statuses nothing of it."""
    reason, message = item.get("reason"), item.get("message")
    if isinstance(reason, str) and isinstance(message, str):
        item["message"] = leave_out_message(reason, message)
    for name in _STATUS_LISTS:
        for status in _children(_child(item, "status"), name):
            for when in ("state", "lastState"):
                for state in ("terminated", "waiting"):
                    _child(_child(status, when), state).pop("message", None)


def _keep_only(mapping: Json, kept: Collection[str]) -> None:
    for name in mapping.keys() - kept:
        del mapping[name]


def _containers(pod: Json) -> Iterator[Json]:
    spec = _child(pod, "spec")
    for name in _CONTAINER_LISTS:
        yield from _children(spec, name)


def _child(parent: Json, name: str) -> Json:
    """Return the object in a field; where there is none, one that nobody sees."""
    child = parent.get(name)
    return child if isinstance(child, dict) else {}


def _children(parent: Json, name: str) -> Iterator[Json]:
    items = parent.get(name)
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
