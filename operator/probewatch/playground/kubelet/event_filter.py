"""Counts, combines and drops the kubelet's Events as client-go's recorder does.

client-go joins equal Events into one object with a count. Events that differ only in their
message are combined into one object from the tenth message on. The rate limit admits a
burst of 25 per object and type, then one in five minutes. **Counting comes before
dropping**, so the first object to be seen may have a count of twenty. A restart loop loses
its `Killing` Events here. probewatch has to be right without them, so the playground drops
the same ones.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

AGGREGATE_FROM = 10
"""The number of different messages within the window from which Events are combined."""
AGGREGATE_WINDOW_SECONDS = 600.0
BURST = 25.0
REFILL_SECONDS = 300.0
COMBINED = "(combined from similar events): "


class SpamKey(Enum):
    """What shares one rate limit, by the client-go that the kubelet is built with."""

    OBJECT = "Kubernetes 1.31 and older"
    OBJECT_AND_TYPE = "Kubernetes 1.32 and newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that an Event is about: the fields that tell Events apart."""

    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str = ""
    field_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One Event as a component records it, before it is filtered."""

    component: str
    host: str
    subject: Subject
    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An Event as it is written: `count` 1 creates the object, a higher one updates it."""

    note: Note
    name: str
    count: int
    first: float
    last: float


@dataclass(slots=True)
class _Similar:
    messages: dict[str, None] = field(default_factory=dict)
    last: float = 0.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    updated: float


class EventFilter:
    """The state of one component's Event recorder; a restart of the component empties it."""

    def __init__(self, *, spam_key: SpamKey = SpamKey.OBJECT_AND_TYPE) -> None:
        self._spam_key = spam_key
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._seen: dict[tuple[str, ...], Delivery] = {}
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._newest = 0
        """The time in the newest name, in nanoseconds."""

    def admit(self, note: Note, now: float) -> Delivery | None:
        """Return what to write for *note*, or None if it is dropped (but counted)."""
        key, shown = self._aggregate(note, now)
        delivery = self._count(key, shown, now)
        return delivery if self._has_budget(note, now) else None

    def _aggregate(self, note: Note, now: float) -> tuple[tuple[str, ...], Note]:
        group = _aggregation_key(note)
        similar = self._similar.setdefault(group, _Similar(last=now))
        if now - similar.last > AGGREGATE_WINDOW_SECONDS:
            similar.messages.clear()
        similar.messages[note.message] = None
        similar.last = now
        if len(similar.messages) < AGGREGATE_FROM:
            return (*group, note.subject.field_path, note.message), note
        # Keeps the set at its limit: client-go removes an arbitrary message, this the newest.
        similar.messages.popitem()
        return group, replace(note, message=COMBINED + note.message)

    def _count(self, key: tuple[str, ...], note: Note, now: float) -> Delivery:
        known = self._seen.get(key)
        if known is None:
            name = f"{note.subject.name}.{self._next_nanosecond(now):x}"
            delivery = Delivery(note=note, name=name, count=1, first=now, last=now)
        else:
            # Only message, count and time of an existing object are patched.
            kept = replace(known.note, message=note.message)
            delivery = replace(known, note=kept, count=known.count + 1, last=now)
        self._seen[key] = delivery
        return delivery

    def _next_nanosecond(self, now: float) -> int:
        """Return *now* in nanoseconds, later than each before: two Events never share a name.

        Real time passes between two Events; a virtual clock stands still.
        """
        self._newest = max(int(now * 1e9), self._newest + 1)
        return self._newest

    def _has_budget(self, note: Note, now: float) -> bool:
        key = _object_key(note)
        if self._spam_key is SpamKey.OBJECT_AND_TYPE:
            key = (*key, note.type)
        bucket = self._buckets.setdefault(key, _Bucket(tokens=BURST, updated=now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.updated) / REFILL_SECONDS)
        bucket.updated = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _object_key(note: Note) -> tuple[str, ...]:
    subject = note.subject
    source = (note.component, note.host)
    return (*source, subject.kind, subject.namespace, subject.name, subject.uid)


def _aggregation_key(note: Note) -> tuple[str, ...]:
    """Return what Events that may be combined have in common: all but message and field path."""
    return (*_object_key(note), note.type, note.reason)
