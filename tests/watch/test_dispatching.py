"""How a list is passed to the handler: in batches, in order, before the end of the list."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from probewatch.watch.decoding import Decoder
from probewatch.watch.dispatching import BATCH, Dispatcher
from probewatch.watch.lines import Line
from probewatch.watch.transport import StreamFaultError, WatchStats


class ThingMetadata(msgspec.Struct, rename="camel"):
    """The `metadata` of a thing."""

    name: str = ""
    resource_version: str | None = None


class Thing(msgspec.Struct):
    """An object with a number of broken fields."""

    metadata: ThingMetadata
    flaws: int = 0


@dataclass
class Diary:
    """A handler that records its calls."""

    calls: list[str] = field(default_factory=list)

    def listing(self) -> None:
        self.calls.append("listing")

    def listed(self, raws: Sequence[Thing]) -> None:
        self.calls.append("listed " + " ".join(raw.metadata.name for raw in raws))

    def synced(self, version: str) -> None:
        self.calls.append(f"synced {version}")

    def changed(self, kind: str, raw: Thing) -> None:
        self.calls.append(f"{kind} {raw.metadata.name}")

    def deleted(self, raw: Thing) -> None:
        self.calls.append(f"DELETED {raw.metadata.name}")


@dataclass
class Scene:
    """A dispatcher in the middle of a list."""

    diary: Diary = field(default_factory=Diary)
    stats: WatchStats = field(default_factory=lambda: WatchStats(resource="things"))
    dispatcher: Dispatcher[Thing] = field(init=False)

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(Decoder(Thing), self.diary, self.stats)
        self.dispatcher.begin_list()

    def calls(self) -> list[str]:
        """The calls after the beginning of the list."""
        return self.diary.calls[1:]


def line(kind: str, name: str, *, flaws: int = 0) -> Line:
    thing = {"metadata": {"name": name, "resourceVersion": "5"}, "flaws": flaws}
    return whole(msgspec.json.encode({"type": kind, "object": thing}))


def whole(text: bytes) -> Line:
    return text, 0, len(text)


def end_of_list() -> Line:
    metadata = {"resourceVersion": "7", "annotations": {"k8s.io/initial-events-end": "true"}}
    return whole(msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": metadata}}))


def test_what_arrives_together_is_passed_on_together() -> None:
    """The objects of one chunk are one batch; those before the end of the list come before it."""
    scene = Scene()

    scene.dispatcher.take_lines([line("ADDED", "a"), line("ADDED", "b")])
    scene.dispatcher.take_lines([line("ADDED", "c"), end_of_list(), line("MODIFIED", "a")])

    assert ["listed a b", "listed c", "synced 7", "MODIFIED a"] == scene.calls()


def test_many_objects_are_passed_on_in_parts() -> None:
    """No batch is larger than the limit, and no object is lost."""
    names = [f"n{number}" for number in range(2 * BATCH + 1)]
    scene = Scene()

    scene.dispatcher.take_lines([line("ADDED", name) for name in names])

    batches = [call.split()[1:] for call in scene.calls()]
    assert [BATCH, BATCH, 1] == list(map(len, batches))
    assert names == [name for batch in batches for name in batch]


def test_a_broken_line_costs_only_itself() -> None:
    """A broken line is counted and its neighbours are passed on; broken fields are counted."""
    scene = Scene()

    scene.dispatcher.take_lines(
        [line("ADDED", "a", flaws=2), whole(b'{"type":"ADDED"'), line("ADDED", "b", flaws=1)]
    )

    assert ["listed a b"] == scene.calls()
    assert (1, 3) == (scene.stats.decode_errors, scene.stats.field_errors)


def test_a_list_that_fails_has_passed_on_what_came_before() -> None:
    """An ERROR event ends a list after the objects that arrived before it."""
    scene = Scene()
    error = whole(b'{"type":"ERROR","object":{"code":410,"reason":"Expired"}}')

    with pytest.raises(StreamFaultError, match="410"):
        scene.dispatcher.take_lines([line("ADDED", "a"), error, line("ADDED", "b")])

    assert ["listed a"] == scene.calls()


def broken(kind: str, name: str) -> Line:
    """An update of an object with one field of the wrong type."""
    thing = {"metadata": {"name": name, "resourceVersion": "8"}, "flaws": []}
    return whole(msgspec.json.encode({"type": kind, "object": thing}))


def test_broken_fields_are_counted_wherever_they_come() -> None:
    """Broken fields are counted in pages, in streaming lists, and in updates."""
    scene = Scene()
    item = b'{"metadata":{"name":"a"},"flaws":[]}'
    scene.dispatcher.take_page(
        bytearray(b'{"metadata":{"resourceVersion":"7"},"items":[%b]}' % item)
    )
    counted = [scene.stats.field_errors]
    for update in (
        broken("ADDED", "b"),
        end_of_list(),
        broken("MODIFIED", "a"),
        line("MODIFIED", "a", flaws=2),
    ):
        scene.dispatcher.take_lines([update])
        counted.append(scene.stats.field_errors)

    assert [1, 2, 2, 3, 5] == counted
    assert 0 == scene.stats.decode_errors


def test_update_without_a_version_keeps_the_last_one() -> None:
    """The watch goes on from the last version that is known, without a new list."""
    scene = Scene()
    thing = b'{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}'
    scene.dispatcher.take_lines([end_of_list(), whole(thing)])

    assert "7" == scene.dispatcher.version


def test_update_with_broken_fields_moves_the_version() -> None:
    """The watch goes on after it, rather than being sent the same broken object once more."""
    scene = Scene()
    scene.dispatcher.take_lines([end_of_list(), broken("MODIFIED", "a")])

    assert "8" == scene.dispatcher.version


@dataclass
class Busy(Diary):
    """A handler that leaves out all updates that it may."""

    def skips(self, _raw: Thing) -> bool:
        return True


def test_deletion_is_never_skipped() -> None:
    """An update that changes nothing of interest is only counted; a deletion always matters."""
    scene = Scene(diary=Busy())
    updates = [line("ADDED", "a"), line("MODIFIED", "a"), line("DELETED", "a")]
    scene.dispatcher.take_lines([end_of_list(), *updates])

    assert ["synced 7", "DELETED a"] == scene.calls()
    assert (2, 1) == (scene.stats.skipped, scene.stats.updates["DELETED"])


def test_restore_is_noticed_after_a_list_that_failed() -> None:
    """The version known before is compared with the first list that succeeds."""
    scene = Scene()
    scene.dispatcher.end_list("9")

    for _ in range(2):  # the second time for a list that failed
        scene.dispatcher.forget_version()
    scene.dispatcher.begin_list()
    assert not scene.stats.went_back
    scene.dispatcher.end_list("5")

    assert scene.stats.went_back


@pytest.mark.parametrize(
    ("version", "is_ahead"), [("8", True), ("9", False), ("10", False), ("", False)]
)
def test_only_an_older_version_contradicts_what_is_known(version: str, *, is_ahead: bool) -> None:
    """A server whose answer has no resourceVersion has not proved that it lost any."""
    scene = Scene()
    scene.dispatcher.end_list("9")
    page = {"metadata": {"resourceVersion": version}, "items": []}

    assert is_ahead is scene.dispatcher.is_ahead_of(bytearray(msgspec.json.encode(page)))
