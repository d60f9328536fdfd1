"""A ProbePolicy of the API as the core sees it. Pure, and never raises for what is in a spec.

What cannot be understood becomes the problem that the policy has; it then selects nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern

import msgspec

from probewatch.core.policies import ProbePolicy, Problem, Reason
from probewatch.core.selectors import Operator, Requirement, find_mistakes, pack
from probewatch.kube.parsing import parse_version
from probewatch.kube.policies import objects
from probewatch.kube.sanitize import sanitize
from probewatch.kube.times import parse_time

WORDS_LIMIT = 512
"""Bytes of what is said about a mistake."""

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
"""Where a policy's spec says what of the core's policy."""

_OBJECT = msgspec.json.Decoder(objects.PolicyObject)
_SPEC = msgspec.json.Decoder(objects.Spec)
_STATUS = msgspec.json.Decoder(objects.Status, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A ProbePolicy that was read: what it asks for, and what is said of it so far."""

    policy: ProbePolicy
    generation: int
    version: int
    """Its resourceVersion, as a number."""
    status: objects.Status
    spec_hash: int = field(compare=False)
    """Of the text of its spec, by which it is known again."""


Known = Callable[[str, str], Read | None]
"""Who knows what was read of a policy the last time, by its namespace and name."""


def nothing_known(_namespace: str, _name: str) -> Read | None:
    """Of no policy is it known what was read of it."""
    return None


def parse_policy(body: bytes | msgspec.Raw, known: Known = nothing_known) -> Read | None:
    """Return a policy; None where it is not even clear which.

    A spec may be large, so one that is as *known* is neither parsed again nor held twice.
    """
    try:
        found = _OBJECT.decode(bytes(body))
    except msgspec.DecodeError:
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
    except msgspec.DecodeError as error:
        words = str(error).replace("`$", "`spec")
        return _with_problem(plain, _blame(words), words)
    policy = replace(plain, priority=spec.priority)
    selector = tuple(_parse_selector(spec.selector or objects.Selector()))
    if mistakes := "; ".join(find_mistakes(selector)):
        return _with_problem(policy, Reason.INVALID_SELECTOR, mistakes)
    kept = tuple(_share(pack(each)) for each in selector)
    return replace(policy, selector=kept, overrides=dict(_find_overrides(spec)))


@lru_cache(maxsize=2048)  # policies that are made by one template ask for much the same
def _share(requirement: Requirement) -> Requirement:
    return replace(requirement, key=intern(requirement.key))


def _with_problem(policy: ProbePolicy, reason: Reason, words: str) -> ProbePolicy:
    message = sanitize(words, limit=WORDS_LIMIT)
    return replace(policy, problem=Problem(reason=reason, message=message))


def _blame(words: str) -> Reason:
    return Reason.INVALID_SELECTOR if "`spec.selector" in words else Reason.INVALID_VALUE


def _parse_selector(selector: objects.Selector) -> Iterator[Requirement]:
    """A label that has to be there is the same as `In` with one value."""
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
    """The status as far as it can be read; it is only compared with what it should be.

    Conditions of others stay in the API whatever is applied, and are nothing to compare with.
    """
    try:
        status = _STATUS.decode(bytes(body) or b"{}")
    except msgspec.DecodeError:
        return objects.Status(observed_generation=-1)
    status.conditions = [each for each in status.conditions if each.type == objects.ACCEPTED]
    return status
