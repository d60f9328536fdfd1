"""The watch loop against a script of answers, each given once, in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.watch.backoff import Backoff
from probewatch.watch.decoding import Decoder
from probewatch.watch.lines import HEAD, LineSplitter
from probewatch.watch.loop import STREAMS_AGAIN_SECONDS, WatchLoop
from probewatch.watch.silence import NO_BOOKMARKS_SECONDS
from probewatch.watch.transport import Surroundings, WatchOptions, WatchTarget
from tests.watch.answers import Answer


class ThingMetadata(msgspec.Struct, rename="camel"):
    """The `metadata` of a thing."""

    name: str
    resource_version: str | None = None


class Thing(msgspec.Struct):
    """An object with a name."""

    metadata: ThingMetadata


class ScriptOverError(BaseException):
    """Raised after the last scripted answer: the test is over."""


class Script:
    """A transport that plays scripted answers and records the requests."""

    def __init__(self, *answers: Answer | BaseException) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, str]] = []
        self.seconds = 0.0

    @asynccontextmanager
    async def stream(
        self, _path: str, params: Mapping[str, str], *, timeout_seconds: float
    ) -> AsyncIterator[Answer]:
        assert timeout_seconds > 0
        self.asked.append(dict(params))
        if not self._answers:
            raise ScriptOverError
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        answer.script = self
        yield answer


class Diary:
    """A handler that records its calls."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def listing(self) -> None:
        self.told.append("listing")

    def listed(self, raws: Sequence[Thing]) -> None:
        self.told.extend(f"listed {raw.metadata.name}" for raw in raws)

    def synced(self, version: str) -> None:  # noqa: ARG002  # not of interest here
        self.told.append("synced")

    def changed(self, kind: str, raw: Thing) -> None:
        self.told.append(f"{kind} {raw.metadata.name}")

    def deleted(self, raw: Thing) -> None:
        self.told.append(f"deleted {raw.metadata.name}")


def page(*names: str, version: str = "10", token: str = "") -> Answer:
    items = [{"metadata": {"name": name}} for name in names]
    meta = {"resourceVersion": version, "continue": token}
    return Answer(parts=(msgspec.json.encode({"metadata": meta, "items": items}),))


def line(kind: str, name: str = "a", version: str = "11") -> bytes:
    thing = {"metadata": {"name": name, "resourceVersion": version}}
    return msgspec.json.encode({"type": kind, "object": thing}) + b"\n"


def error(code: int) -> bytes:
    status = {"type": "ERROR", "object": {"kind": "Status", "code": code}}
    return msgspec.json.encode(status) + b"\n"


def watch(*parts: bytes | BaseException) -> Answer:
    return Answer(parts=parts)


def play(
    *answers: Answer | BaseException, options: WatchOptions | None = None
) -> tuple[Script, Diary, list[float], WatchLoop[Thing]]:
    """Run the loop until the script is over."""
    script, diary, pauses = Script(*answers), Diary(), list[float]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        script.seconds += seconds

    around = Surroundings(
        monotonic=lambda: script.seconds, now=lambda: 1e9, sleep=sleep, chance=lambda: 0.0
    )
    loop = WatchLoop(
        transport=script,
        target=WatchTarget(path="/things", name="things", params={"fieldSelector": "some"}),
        decoder=Decoder(Thing),
        handler=diary,
        around=around,
        options=options or WatchOptions(streams=False),
    )
    with pytest.raises(ScriptOverError):
        asyncio.run(loop.run())
    return script, diary, pauses, loop


def test_list_then_watch() -> None:
    """All pages are read, then the watch starts at the list's version."""
    script, diary, pauses, loop = play(
        page("a", token="more"), page("b", version="20"), watch(line("ADDED", "c", "21"))
    )

    assert ["listing", "listed a", "listed b", "synced", "ADDED c"] == diary.told
    assert ["more", "20", "21"] == [
        script.asked[1]["continue"],
        script.asked[2]["resourceVersion"],
        script.asked[3]["resourceVersion"],
    ]
    assert [] == pauses
    assert loop.stats.synced


def test_last_page_without_a_version() -> None:
    """A later page may be without a resourceVersion: that of the pages before it counts."""
    script, diary, _, _ = play(page("a", token="more"), page("b", version=""), watch())

    assert ["listing", "listed a", "listed b", "synced"] == diary.told
    assert "10" == script.asked[2]["resourceVersion"]


def test_later_page_that_is_refused() -> None:
    """An error without a Retry-After begins the list again after a pause."""
    script, diary, pauses, _ = play(page("a", token="more"), Answer(status=500), page("a"))

    assert [None, "more", None] == [each.get("continue") for each in script.asked[:3]]
    assert ["listing", "listed a", "listing", "listed a", "synced"] == diary.told
    assert [0.4] == pauses


def test_later_page_that_is_gone() -> None:
    """A list that has expired begins again: to wait for its other pages would be in vain."""
    gone = Answer(status=410, headers={"Retry-After": "1"})
    script, *_ = play(page("a", token="more"), gone, page("a"))

    assert [None, "more", None] == [each.get("continue") for each in script.asked[:3]]


def test_lists_that_expire_are_read_as_a_whole_only_once() -> None:
    """After a whole list succeeded, the next one is read in pages again."""
    gone, more = Answer(status=410), page("a", token="more")
    script, *_ = play(more, gone, more, gone, page("a"), watch(), gone, page("a"), watch())

    lists = [each for each in script.asked if "watch" not in each and "continue" not in each]
    assert ["500", "500", None, "500"] == [each.get("limit") for each in lists]


def test_list_that_is_read_as_a_whole_may_be_large() -> None:
    """Where pages expire, nothing is gained by asking for smaller ones."""
    gone, more = Answer(status=410), page("a", token="more")
    options = WatchOptions(page_cap=400, streams=False)
    script, diary, *_ = play(more, gone, more, gone, page("n" * 500), watch(), options=options)

    assert None is script.asked[4].get("limit")
    assert "synced" == diary.told[-1]
    assert "watch" in script.asked[5]


def test_lists_that_fail_are_read_in_pages() -> None:
    """Only lists that expire are read as a whole, which takes more memory."""
    script, *_ = play(*[Answer(status=503)] * 3, page("a"))

    assert ["500"] * 4 == [each.get("limit") for each in script.asked[:4]]


@pytest.mark.parametrize(
    ("faults", "is_synced"),
    [([410], True), ([503, 503, 503], True), ([410, 503], False)],
    ids=["a list is due", "the watch goes on later", "the list fails"],
)
def test_watch_is_synced_until_its_list_is_overdue(faults: list[int], *, is_synced: bool) -> None:
    """A watch that cannot go on, and whose new list failed, is not synced any more."""
    loop = play(page("a"), watch(), *(Answer(status=each) for each in faults))[3]

    assert is_synced is loop.stats.synced


FAULTS = {
    "A1 reset mid-line": watch(line("ADDED")[:20], ConnectionResetError()),
    "A2 end within a chunk": watch(EOFError()),
    "A3 torn line with a proper end": watch(line("ADDED")[:20]),
    "A5 silence": watch(TimeoutError()),
    "A10 refused": ConnectionRefusedError(),
    "A11 bad gateway": Answer(status=502),
    "B5 ERROR event": watch(error(500)),
    "B6 too many requests": Answer(status=429),
    "B8 server error": Answer(status=500),
    "B9 unauthorized": Answer(status=401),
    "B10 forbidden": Answer(status=403),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_fault_resumes_the_watch(fault: Answer | BaseException) -> None:
    """After a fault the watch resumes from the last version after a pause, without a list."""
    script, diary, pauses, loop = play(
        page("a"), watch(line("ADDED", "b", "12")), fault, watch(line("MODIFIED", "b", "13"))
    )

    assert ["listing", "listed a", "synced", "ADDED b", "MODIFIED b"] == diary.told
    assert "12" == script.asked[3]["resourceVersion"]
    assert 1 == len(pauses) == sum(loop.stats.errors.values())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param({"code": 504}, "504", id="a code"),
        pytest.param({"reason": "InternalError"}, "500", id="no code"),
        pytest.param({"code": "504"}, "500", id="a broken code"),
        pytest.param("no Status", "500", id="no Status"),
        pytest.param({"code": 500, "reason": "Expired"}, "410", id="expired"),
        pytest.param({"reason": "Gone"}, "410", id="gone"),
    ],
)
def test_code_of_an_error_event(status: object, code: str) -> None:
    """An ERROR is no update; one without a readable code counts as an error of the server."""
    event = msgspec.json.encode({"type": "ERROR", "object": status}) + b"\n"
    loop = play(page("a"), watch(event))[3]

    assert ({code: 1}, {}) == (dict(loop.stats.errors), dict(loop.stats.updates))


LIST_FAULTS = {
    "A11 HTML": Answer(parts=(b"<html>",)),
    "A10 refused": ConnectionRefusedError(),
    "B8 server error": Answer(status=503),
}


@pytest.mark.parametrize("fault", LIST_FAULTS.values(), ids=LIST_FAULTS.keys())
def test_broken_list_is_asked_again(fault: Answer | BaseException) -> None:
    """A list that cannot be read is requested again, never taken for an empty cluster."""
    _, diary, _, _ = play(fault, page("a"))

    assert ["listed a", "synced"] == diary.told[-2:]
    assert 1 == diary.told.count("synced")


def test_null_items_are_an_empty_list() -> None:
    """`items: null` is an empty list."""
    assert ["listing", "synced"] == play(
        Answer(parts=(b'{"metadata": {"resourceVersion": "5"}, "items": null}',))
    )[1].told


def test_broken_item_of_a_list() -> None:
    """An item that is no object is skipped and counted."""
    body = b'{"metadata": {"resourceVersion": "5"}, "items": [7, {"metadata": {"name": "a"}}]}'
    _, diary, _, loop = play(Answer(parts=(body,)))

    assert ["listing", "listed a", "synced"] == diary.told
    assert 1 == loop.stats.decode_errors


@pytest.mark.parametrize("depth", [900, 5000, 100_000])
def test_deep_item_of_a_list(depth: int) -> None:
    """An item nested too deeply for any decoder is skipped; its neighbours are read."""
    deep = b'{"metadata": {"name": "x", "note": "]}\\"["}, "deep": %b%b}' % (
        b"[" * depth,
        b"]" * depth,
    )
    good = [b'{"metadata": {"name": "%b"}}' % name for name in (b"a", b"b")]
    items = b", ".join((good[0], deep, good[1]))
    body = b'{"items": [%b], "metadata": {"resourceVersion": "5", "x": ["items"]}}' % items
    _, diary, _, loop = play(Answer(parts=(body,)))

    assert ["listed a", "listed b", "synced"] == [told for told in diary.told if told[-1] in "abd"]
    assert loop.stats.decode_errors <= 1


def test_list_without_an_end() -> None:
    """A deeply nested list that is cut off is no list."""
    body = b'{"metadata": {"resourceVersion": "5"}, "items": [' + b"[" * 100_000
    _, diary, _, _ = play(Answer(parts=(body,)), page("a"))

    assert ["listed a", "synced"] == diary.told[-2:]


@pytest.mark.parametrize("status", [400, 404, 405, 406, 422])
def test_streaming_list_is_tried_again_after_an_hour(status: int) -> None:
    """A server that refused a streaming list gets pages for an hour, as it may be upgraded."""
    none, gone = Answer(status=status), Answer(status=410)
    hour = Answer(lasts=STREAMS_AGAIN_SECONDS)
    script, *_ = play(
        *(none, page(), watch(), gone, page(), hour, gone, none, page()),
        options=WatchOptions(),
    )

    lists = [each for each in script.asked if "resourceVersion" not in each]
    assert [True, False, False, True, False] == ["sendInitialEvents" in each for each in lists]


def test_streaming_list_that_breaks_off_is_no_list() -> None:
    """One that ends without its bookmark is a fault of its own, after which pages are read."""
    script, diary, _, loop = play(watch(line("ADDED")), page("a"), options=WatchOptions())

    assert ["listing", "listed a", "listing", "listed a", "synced"] == diary.told
    assert {"list broke off": 1} == dict(loop.stats.errors)
    assert "500" == script.asked[1]["limit"]


def test_streaming_list_that_breaks_off_was_no_watch() -> None:
    """However long it took, it does not make the next pause shorter."""
    end = {"resourceVersion": "12", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": end}}) + b"\n"
    gone, torn = Answer(status=410), watch(line("ADDED"))

    pauses = play(watch(bookmark), gone, torn, page(version="13"), options=WatchOptions())[2]

    assert [0.4, 0.8] == pauses


def test_server_that_is_away_may_have_streaming_lists() -> None:
    """A request without any answer does not show that the server sends no streaming lists."""
    script, *_ = play(
        *(TimeoutError(), page(), watch(), Answer(status=410), page()), options=WatchOptions()
    )

    lists = [each for each in script.asked if "resourceVersion" not in each]
    assert [True, False, True] == ["sendInitialEvents" in each for each in lists[:3]]


def test_server_that_sent_a_streaming_list_is_asked_for_one_again() -> None:
    """Pages are for a list that broke off, not for the next one after it was complete."""
    end = {"resourceVersion": "12", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": end}}) + b"\n"
    script, *_ = play(watch(bookmark), Answer(status=410), watch(bookmark), options=WatchOptions())

    lists = [each for each in script.asked if "resourceVersion" not in each]
    assert [True, True] == ["sendInitialEvents" in each for each in lists[:2]]


def test_list_for_a_long_line_is_read_in_pages() -> None:
    """A streaming list would contain the long line too, and have to be given up."""
    end = {"resourceVersion": "12", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": end}}) + b"\n"
    long = line("MODIFIED", "n" * 500)
    script, *_ = play(
        watch(bookmark, long[:400], long[400:]), page(), options=WatchOptions(line_cap=300)
    )

    assert ["sendInitialEvents", "limit"] == [
        "limit" if "limit" in each else "sendInitialEvents" for each in script.asked[:2]
    ]


def test_outage_is_no_reason_to_list() -> None:
    """An outage explains why no bookmarks came, and a server that is back has enough to do."""
    away = [ConnectionRefusedError()] * 60
    _, _, pauses, loop = play(page(), watch(line("BOOKMARK", "", "99")), *away, watch())

    assert sum(pauses) > NO_BOOKMARKS_SECONDS
    assert {"start": 1} == dict(loop.stats.relists)


def test_updates_are_urgent_but_no_part_of_a_list() -> None:
    """A list is of use only when it is complete; after it each update is wanted at once."""
    end = {"resourceVersion": "12", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": end}}) + b"\n"
    streamed = watch(line("ADDED"), bookmark, line("MODIFIED"))
    play(streamed, options=WatchOptions())
    calm = watch(line("ADDED"), bookmark, line("MODIFIED"))
    play(calm, options=WatchOptions(is_urgent=False))

    assert ([False, True, True], [False] * 3) == (streamed.urgent, calm.urgent)


def test_watch_of_a_streaming_list_is_over_when_it_ends() -> None:
    """After a streaming list's watch the server's history is checked if it was unreachable.

    Any object will do for that, and to look for a selected one may take the server long.
    """
    end = {"resourceVersion": "12", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = msgspec.json.encode({"type": "BOOKMARK", "object": {"metadata": end}})
    streamed = Answer(parts=(line("ADDED"), bookmark + b"\n"), lasts=100.0)
    script, *_ = play(
        *(streamed, ConnectionRefusedError(), page("a", version="13"), watch()),
        options=WatchOptions(checks_history=True),
    )

    assert ["1", None] == [each.get("limit") for each in script.asked[2:4]]
    assert [False, True] == ["fieldSelector" in each for each in script.asked[2:4]]


def test_stream_without_a_list_was_no_watch() -> None:
    """After a stream without a list the server's history is checked if it was unreachable."""
    silent = Answer(parts=(TimeoutError(),), lasts=10.0)
    script, *_ = play(
        *(silent, page("a"), ConnectionRefusedError(), page("a"), watch()),
        options=WatchOptions(checks_history=True),
    )

    assert ["1", None] == [each.get("limit") for each in script.asked[3:5]]


def test_bookmark_moves_the_version() -> None:
    """A bookmark moves the version of the next watch and is not passed to the handler."""
    script, diary, _, _ = play(page(), watch(line("BOOKMARK", "", "99")))

    assert "99" == script.asked[2]["resourceVersion"]
    assert ["listing", "synced"] == diary.told


def test_deletion_is_delivered() -> None:
    """DELETED passes the last version of the object to the handler."""
    assert "deleted a" == play(page("a"), watch(line("DELETED", "a")))[1].told[-1]


def test_unauthorized_is_tried_again() -> None:
    """B9: each 401 leads to another attempt."""
    assert "synced" == play(Answer(status=401), Answer(status=401), page("a"))[1].told[-1]


def test_retry_after_is_honoured() -> None:
    """B6: Retry-After is a lower bound for the pause after an error, which is counted."""
    _, _, pauses, loop = play(Answer(status=429, headers={"Retry-After": "30"}), page())

    assert ([30.0], {"429": 1}) == (pauses, dict(loop.stats.errors))


def test_retry_after_shortens_no_pause() -> None:
    """An API server that is overloaded always says 1 s: faults in a row lengthen the pause."""
    busy = Answer(status=429, headers={"Retry-After": "1"})

    assert [1.0, 1.0, 1.6, 3.2] == play(*[busy] * 4, page())[2]


def test_pauses_grow_to_a_cap_and_start_again() -> None:
    """B4: consecutive faults double the pause up to a cap; a success resets it."""
    pauses = play(*[ConnectionRefusedError()] * 9, page(), watch(), ConnectionRefusedError())[2]

    assert [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0, 15.0, 0.4] == pauses


def test_history_that_is_gone_after_a_refusal_is_listed_soon() -> None:
    """Pauses after refusals do not lengthen the pause before a list."""
    refused, gone = Answer(status=403), Answer(status=410)
    pauses = play(page(), watch(), *[refused] * 6, gone, page("a"))[2]

    assert [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 0.4] == pauses[:7]


def test_history_that_is_always_gone_is_asked_for_less_and_less_often() -> None:
    """Only the first 410 after other faults shortens the pause: a list is work for the server."""
    pauses = play(*[Answer(status=410)] * 4, page("a"))[2]

    assert [0.4, 0.8, 1.6, 3.2] == pauses


def test_a_server_that_is_back_is_not_waited_for_as_long() -> None:
    """Pauses that grew without any answer are reset by the first answer of any status."""
    away = [ConnectionRefusedError()] * 5
    gone = Answer(status=410)  # earlier faults do not delay a list
    pauses = play(page("a"), *away, Answer(status=429), gone, page("a"))[2]

    assert [0.4, 0.8, 1.6, 3.2, 6.4, 0.4, 0.4] == pauses


def test_watch_that_ends_at_once_is_a_fault() -> None:
    """A server that ends watches at once is not asked without a pause, nor for shorter ones."""
    script, _, pauses, loop = play(page(), Answer(lasts=0.9), Answer(lasts=1.0), watch())

    assert ([0.4], {"ended at once": 1}) == (pauses, dict(loop.stats.errors))
    assert ["240", "240"] == [each["timeoutSeconds"] for each in script.asked[1:3]]


def test_watch_that_was_cut_is_asked_for_a_shorter_time() -> None:
    """The server is to end it before it is cut again, but not to be asked all the time."""
    script, *_ = play(page(), Answer(lasts=2.0), Answer(lasts=5.0), watch())

    assert ["240", "5", "240"] == [each["timeoutSeconds"] for each in script.asked[1:4]]


def test_chance_spreads_the_pauses() -> None:
    """O9: with jitter a pause is between half of the maximum and the maximum."""
    assert [0.4, 0.6] == [round(Backoff().pause(chance), 3) for chance in (0.0, 0.5)]


def feed(splitter: LineSplitter, *chunks: bytes) -> list[bytes]:
    """The lines that these chunks make."""
    return [body[a:b] for chunk in chunks for body, a, b in splitter.feed(chunk)]


def test_long_line_is_skipped() -> None:
    """A12: a line beyond the cap is reported once, by its beginning; other lines are returned."""
    skipped: list[bytes] = []
    splitter = LineSplitter(skipped.append, cap=10)

    assert [b"{1}", b"{2}", b"{3}"] == feed(
        splitter, b"{1}\n{lo", b"ng line", b"..", b"...", b"......", b".}\n{2}\n{", b"3}\n"
    )
    assert ([b"{long line.."], b"") == (skipped, splitter.rest())


def test_line_that_ends_a_little_beyond_the_cap() -> None:
    """A line is returned or reported, never lost: the last chunk may take it over the cap."""
    skipped: list[bytes] = []
    splitter = LineSplitter(skipped.append, cap=10)

    assert [b"{1234567890}", b"{1}"] == feed(splitter, b"{12345678", b"90}\n{1}\n")
    assert [] == skipped


def test_line_cap_bounds_memory() -> None:
    """A12: only the beginning of an endless line is kept in memory."""
    skipped: list[bytes] = []
    splitter = LineSplitter(skipped.append, cap=4 * HEAD)
    feed(splitter, *[b"x" * 500] * 1000)

    assert ([b"x" * HEAD], HEAD) == (skipped, len(splitter.rest()))


def test_large_objects_are_read() -> None:
    """An object of 1.5 MiB, the most that etcd stores, is read even if fully escaped in JSON."""
    skipped: list[bytes] = []
    largest = b"x" * 6 * 1_572_864
    chunks = [largest[at : at + 262_144] for at in range(0, len(largest), 262_144)]

    assert [largest] == feed(LineSplitter(skipped.append), *chunks, b"\n")
    assert [] == skipped


def test_large_page_is_asked_for_in_smaller_ones() -> None:
    """A page too large for memory is requested again with fewer items; later pages grow again."""
    big, small = page(*["n" * 40] * 10), page("a", token="more")
    script, diary, _, _ = play(
        small,
        big,
        big,
        big,
        page("b", token="2"),
        page("c"),
        options=WatchOptions(page_cap=400, streams=False),
    )

    assert ["500", "500", "100", "20", "4", "20"] == [each["limit"] for each in script.asked[:6]]
    assert ["", *["more"] * 4, "2"] == [each.get("continue", "") for each in script.asked[:6]]
    assert ["listing", "listed a", "listed b", "listed c", "synced"] == diary.told


def test_page_that_is_too_large_is_read_no_further() -> None:
    """The memory for a page is bounded, however much of it is left."""
    endless, small = Answer(parts=(b"x" * 300,) * 9), page("b")
    options = WatchOptions(page_cap=400, page_size=2, streams=False)
    loop = play(endless, small, options=options)[3]

    assert 600 + sum(len(part) for part in small.parts if isinstance(part, bytes)) == (
        loop.stats.bytes_read
    )


def test_page_of_a_few_large_objects() -> None:
    """The smallest page has one object: none is requested without a limit."""
    options = WatchOptions(page_cap=400, page_size=4, streams=False)
    script, diary, _, _ = play(page("n" * 500), page("b"), options=options)

    assert ["4", "1"] == [each["limit"] for each in script.asked[:2]]
    assert ["listing", "listed b", "synced"] == diary.told


def test_every_byte_is_counted() -> None:
    """All bytes received are counted, also of torn lines and discarded pages."""
    whole, torn, big, small = line("ADDED"), b'{"type": "ADD', page("n" * 500), page("b")
    options = WatchOptions(page_cap=400, page_size=2, streams=False)
    loop = play(big, small, watch(whole[:5], whole[5:], torn), options=options)[3]
    parts = (*big.parts, *small.parts, whole, torn)

    assert sum(len(part) for part in parts if isinstance(part, bytes)) == loop.stats.bytes_read


def test_trouble_is_known_until_the_server_is_heard_of() -> None:
    """The last refusal is kept for the health check until a success."""
    refused, heard = play(page(), watch(), Answer(status=403)), play(Answer(status=403), page())

    assert ["403", ""] == [refused[3].stats.trouble, heard[3].stats.trouble]


def test_single_object_is_read_whatever_its_size() -> None:
    """A page of one object is read whatever its size: no smaller page exists."""
    options = WatchOptions(page_cap=400, page_size=1, streams=False)

    assert "synced" == play(page("n" * 500), options=options)[1].told[-1]


@settings(derandomize=True)
@given(text=st.text("{a \n", max_size=40).map(str.encode), cuts=st.lists(st.integers(0, 40)))
def test_lines_are_the_same_however_they_are_cut(text: bytes, cuts: list[int]) -> None:
    """However chunks are cut, each line comes once, in order, without blank lines."""
    skipped: list[bytes] = []
    splitter = LineSplitter(skipped.append)
    at = [0, *sorted(cuts), len(text)]
    fed = [line for pair in pairwise(at) for line in splitter.feed(text[slice(*pair)])]

    *complete, rest = text.split(b"\n")
    assert [line for line in complete if line.strip()] == [body[a:b] for body, a, b in fed]
    assert (rest, []) == (splitter.rest(), skipped)


def test_the_same_error_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """The same fault is logged once a minute, a new one at once."""
    refused = [Answer(status=503)] * 12

    _, _, pauses, _ = play(page("a"), *refused, Answer(status=500))

    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert ["503", *["503"] * int(sum(pauses[:-1]) // 60), "500"] == [
        vars(record)["why"] for record in told
    ]


@pytest.mark.parametrize(("code", "level"), [(410, "INFO"), (500, "WARNING")])
def test_history_that_is_gone_is_no_trouble(
    code: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A 410 is the usual end of a quiet watch of Events, so it is only logged as INFO."""
    caplog.set_level("INFO")
    play(page(), watch(error(code)), page())

    assert level == caplog.records[0].levelname
