"""Early Events: the latest ones are kept for the pods that had one last, and used once."""

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.tracking.early_events import EVENTS_KEPT, PODS_KEPT, EarlyEvents
from tests.support.builders import said


def event(number: int, uid: str = "u1", namespace: str = "shop") -> Evidence:
    """An Event about a pod, told from others by its time."""
    at = float(number)
    return said(EvidenceKind.PROBE_FAILED, at, involved_uid=uid, namespace=namespace)


def test_events_are_returned_once_and_in_order() -> None:
    """The same Event must not be applied to a pod twice."""
    early = EarlyEvents()
    early.keep(event(1))
    early.keep(event(2))

    assert [event(1), event(2)] == early.take("shop", "u1")
    assert ((), 0) == (early.take("shop", "u1"), len(early))


def test_events_of_another_namespace_are_not_returned() -> None:
    """Who may write Events in one namespace says nothing about pods of another one."""
    early = EarlyEvents()
    early.keep(event(1, namespace="tenant"))

    assert () == early.take("shop", "u1")


def test_the_latest_events_of_a_pod_are_kept() -> None:
    """A pod that does not appear, but fails its probes for hours, takes no more memory."""
    early = EarlyEvents()
    for number in range(EVENTS_KEPT + 5):
        early.keep(event(number))

    assert [event(number) for number in range(5, EVENTS_KEPT + 5)] == early.take("shop", "u1")


def test_the_pods_with_the_latest_events_are_kept() -> None:
    """Those whose Events came first make room, unless they have had another one since."""
    early = EarlyEvents()
    for number in range(PODS_KEPT):
        early.keep(event(number, f"u{number}"))
    early.keep(event(PODS_KEPT, "u0"))
    early.keep(event(PODS_KEPT + 1, "new"))

    assert PODS_KEPT == len(early)
    assert ([2, 0, 1], []) == (
        [len(early.take("shop", uid)) for uid in ("u0", "u1", "new")],
        list(early.take("shop", "u1")),
    )
