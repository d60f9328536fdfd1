"""Siblings: the spec of a pod, told by that of the pod before it without decoding it.

Lists are in the order of names, so the pods of a workload come one after the other, and their
specs are the same text but for two things: the node, and the five letters that end the name of
the token's volume. Where all else is as it was, byte for byte, so is what is read of it: what
stands between the quotes of a string changes nothing around it, as long as it has neither a
quote nor a backslash.
"""

import msgspec

from probewatch.kube import objects

GENERATED = b'","generateName":"'
"""What follows the name of a pod that some controller made."""
STATUS = b'},"status":{'
"""What follows a spec: no key in one is called so and holds an object."""
NODE = b'"nodeName":"'
LONGEST_NODE = 254
"""A DNS name, and the quote after it."""
VOLUME = "kube-api-access-"
TOKEN = b'"name":"%b' % VOLUME.encode()
LETTERS = 5
"""So many random ones are in the name of a token's volume."""


class _Mould(msgspec.Struct, gc=False):
    """The text of a spec, cut where siblings differ."""

    raw: objects.PodSpec
    head: list[bytes]
    """Up to the node's name, cut at the name of the token."""
    tail: list[bytes]
    """From there to the status, cut at the node's name: pods of a DaemonSet have it again."""

    def fit(self, body: bytes, begin: int) -> tuple[objects.PodSpec, int] | None:
        """Return the spec at *begin* and where it ends; None if it is not of this form."""
        letters = begin + len(self.head[0]) + len(TOKEN)
        token = body[letters : letters + LETTERS]
        head = (b'%b%b"' % (TOKEN, token)).join(self.head)
        at = begin + len(head)
        end = body.find(b'"', at, at + LONGEST_NODE)
        node = body[at:end]
        tail = (b'"%b"' % node).join(self.tail)
        if not (
            _is_name(node)
            and (token.isalnum() or len(self.head) == 1)
            and body.startswith(head, begin)
            and body.startswith(tail, end)
        ):
            return None
        raw = self.raw
        spec = objects.PodSpec(
            containers=raw.containers,
            init_containers=raw.init_containers,
            restart_policy=raw.restart_policy,
            termination_grace_period_seconds=raw.termination_grace_period_seconds,
            node_name=node.decode(),
            host_network=raw.host_network,
            readiness_gates=raw.readiness_gates,
        )
        return spec, end + len(tail)


class Siblings:
    """Knows the spec that was read last."""

    def __init__(self) -> None:
        self._kin = b""
        self._last: tuple[bytes, objects.PodSpec] | None = None
        self._mould: _Mould | None = None

    def recall(self, kin: bytes, body: bytes, begin: int) -> tuple[objects.PodSpec, int] | None:
        """Return the spec that begins at *begin*, and where what follows STATUS begins.

        None where it is not surely the same as the last one. *kin* is what is alike in the
        metadata of pods of one controller.
        """
        if kin != self._kin:
            return None
        if self._last is not None:  # it has a sibling: only now it is worth to be cut
            self._mould, self._last = _cut(*self._last), None
        return None if self._mould is None else self._mould.fit(body, begin)

    def remember(self, kin: bytes, text: bytes, raw: objects.PodSpec | None) -> None:
        """Take note of the spec that was read last, with the text that begins with it."""
        self._kin, self._last, self._mould = kin, None, None
        if raw is not None and kin.startswith(GENERATED):
            self._last = (text, raw)


def _cut(text: bytes, raw: objects.PodSpec) -> _Mould | None:
    """Return the mould of a spec; None where it is not sure what may be cut."""
    end = text.find(STATUS)
    head, _, tail = text[: end + len(STATUS)].partition(NODE)
    node = (raw.node_name or "").encode()
    names = [each.name for each in (*(raw.init_containers or ()), *(raw.containers or ()))]
    if (
        end < 0
        or not _is_name(node)
        or not tail.startswith(node + b'"')
        or NODE in tail
        or raw.readiness_gates  # one could be called like the node
        or any(name.startswith(VOLUME) for name in names)
    ):
        return None
    letters = head.find(TOKEN) + len(TOKEN)
    token = head[letters : letters + LETTERS]
    parts = head.split(b'%b%b"' % (TOKEN, token)) if token.isalnum() else [head]
    parts[-1] += NODE
    return _Mould(raw, parts, tail[len(node) :].split(b'"%b"' % node))


def _is_name(text: bytes) -> bool:
    """Whether it is a DNS name, or at least has no character that means something in JSON."""
    return text.translate(None, b"-.").isalnum()
