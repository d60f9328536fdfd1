"""Parses ProbePolicies into values of the core. Pure; never raises for the content of a spec.

A spec that cannot be parsed becomes the policy's `problem`, and such a policy selects nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern

import msgspec

from probewatch.core.policies import ProbePolicy, Problem, Reason
from probewatch.core.selectors import Operator, Requirement, find_mistakes, pack
from probewatch.kube.objects import BROKEN
from probewatch.kube.parsing import parse_version
from probewatch.kube.policies import objects
from probewatch.kube.sanitize import sanitize
from probewatch.kube.times import parse_time

WORDS_LIMIT = 512
"""Bytes of the message about a mistake."""

FIELDS: Mapping[str, str] = {
    "loop.restarts": "loop_restarts",
    "loop.window_seconds": "loop_window",
    "loop.quiet_seconds": "loop_quiet",
    "slow_loop.restarts": "slow_loop_restarts",
    "slow_loop.window_seconds": "slow_loop_window",
    "flapping.transitions": "flap_transitions",
    "flapping.window_seconds": "flap_window",
    "flapping.quiet_seconds": "flap_quiet",
    "settle_seconds": "settle",
    "repair_seconds": "repair",
    "events": "events",
    "history_limit": "history_limit",
}
"""Fields of a ProbePolicy's spec, and the core's policy fields that they override."""

_OBJECT = msgspec.json.Decoder(objects.PolicyObject)
_SPEC = msgspec.json.Decoder(objects.Spec)
_STATUS = msgspec.json.Decoder(objects.Status, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A parsed ProbePolicy with the status that it has so far."""

    policy: ProbePolicy
    generation: int
    version: int
    """Its resourceVersion, as a number."""
    status: objects.Status
    spec_hash: int = field(compare=False)
    """Hash of the spec's JSON, by which an unchanged spec is recognized."""


Known = Callable[[str, str], Read | None]
"""Returns what was read of a policy the last time, by its namespace and name."""


def nothing_known(_namespace: str, _name: str) -> Read | None:
    """Return None: no policy was read before."""
    return None


def parse_policy(body: bytes | msgspec.Raw, known: Known = nothing_known) -> Read | None:
    """Parse a policy; None if it has no readable namespace and name.

    Specs may be large, so one that is unchanged since the *known* one is not parsed again.
    """
    try:
        found = _OBJECT.decode(bytes(body))
    except BROKEN:
        return None
    meta = found.metadata
    if not (meta.name and meta.namespace):
        return None
    before, spec_hash = known(meta.namespace, meta.name), hash(bytes(found.spec))
    is_same = before is not None and (before.spec_hash, before.policy.uid) == (spec_hash, meta.uid)
    return Read(
        policy=before.policy if before is not None and is_same else _parse(found),
        generation=meta.generation,
        version=parse_version(meta.resource_version),
        status=_parse_status(found.status),
        spec_hash=spec_hash,
    )


def _parse(found: objects.PolicyObject) -> ProbePolicy:
    meta = found.metadata
    plain = ProbePolicy(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        created_at=parse_time(meta.creation_timestamp) or 0.0,
    )
    try:
        spec = _SPEC.decode(bytes(found.spec) or b"{}")
    except BROKEN as error:
        words = str(error).replace("`$", "`spec")
        return _with_problem(plain, _blame(words), words)
    policy = replace(plain, priority=spec.priority)
    selector = tuple(_parse_selector(spec.selector or objects.Selector()))
    if mistakes := "; ".join(find_mistakes(selector)):
        return _with_problem(policy, Reason.INVALID_SELECTOR, mistakes)
    kept = tuple(_share(pack(each)) for each in selector)
    return replace(policy, selector=kept, overrides=dict(_find_overrides(spec)))


@lru_cache(maxsize=2048)  # policies made from one template have equal requirements
def _share(requirement: Requirement) -> Requirement:
    return replace(requirement, key=intern(requirement.key))


def _with_problem(policy: ProbePolicy, reason: Reason, words: str) -> ProbePolicy:
    message = sanitize(words, limit=WORDS_LIMIT)
    return replace(policy, problem=Problem(reason=reason, message=message))


def _blame(words: str) -> Reason:
    return Reason.INVALID_SELECTOR if "`spec.selector" in words else Reason.INVALID_VALUE


def _parse_selector(selector: objects.Selector) -> Iterator[Requirement]:
    """Yield the requirements of a selector; a label in matchLabels becomes `In` with one value."""
    for key, value in selector.match_labels.items():
        yield Requirement(key=key, operator=Operator.IN, values=frozenset({value}))
    for each in selector.match_expressions:
        yield Requirement(key=each.key, operator=each.operator, values=frozenset(each.values))


def _find_overrides(spec: objects.Spec) -> Iterator[tuple[str, float]]:
    for path, name in FIELDS.items():
        place: object = spec
        for step in path.split("."):
            place = getattr(place, step, None)
        if isinstance(place, bool | int):
            yield name, place


def _parse_status(body: msgspec.Raw) -> objects.Status:
    """Return the status, for comparison with the one it should be; without others' conditions.

    Conditions of other types belong to other writers, and remain after a server-side apply.
    """
    try:
        status = _STATUS.decode(bytes(body) or b"{}")
    except BROKEN:
        return objects.Status(observed_generation=-1)
    status.conditions = [each for each in status.conditions if each.type == objects.ACCEPTED]
    return status
