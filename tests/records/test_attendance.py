"""Attendance: pods arrive, depart, and are remembered for a while."""

from probewatch.core.model import PodUid
from probewatch.core.record_sizes import pod_size
from probewatch.core.spec import PodSpec
from probewatch.records.attendance import DEPARTED_SECONDS, Attendance
from probewatch.records.entry import STALE_SECONDS, Key
from tests.support.builders import spec

KEY = Key("shop", "deployment-cart")


def test_marks_stay_a_while() -> None:
    """A departed pod is remembered for a while, then returned once to be dropped."""
    attendance = Attendance()
    uid = PodUid("u1")
    attendance.arrive([uid], KEY, PodSpec())
    assert attendance.has_pods(KEY)
    attendance.depart(uid, 0.0, is_marked=True)

    assert not attendance.has_pods(KEY)
    assert attendance.is_gone(uid)
    assert () == attendance.take_departed([uid], DEPARTED_SECONDS)
    assert (uid,) == attendance.take_departed([uid], DEPARTED_SECONDS + 1)
    assert not attendance.is_gone(uid)


def test_marks_of_what_is_not_kept_are_not_missed() -> None:
    """Pods of dropped reports are forgotten at once."""
    attendance = Attendance()
    for uid in ("u1", "u2", "u3"):
        attendance.arrive([PodUid(uid)], KEY, PodSpec())
        attendance.depart(PodUid(uid), 0.0, is_marked=True)
    attendance.forget([PodUid("u1"), PodUid("u4")])
    after = [attendance.is_gone(PodUid(uid)) for uid in ("u1", "u2", "u3")]
    attendance.keep({PodUid("u2")})

    assert [False, True, True] == after
    assert [False, True, False] == [attendance.is_gone(PodUid(uid)) for uid in ("u1", "u2", "u3")]


def test_pod_that_came_back_is_not_gone_any_more() -> None:
    """Its marks are not dropped later for its first departure: it would be counted again."""
    attendance, uid = Attendance(), PodUid("u1")
    attendance.arrive([uid], KEY, PodSpec())
    attendance.depart(uid, 0.0, is_marked=True)

    assert (uid,) == attendance.arrive([uid], KEY, PodSpec())
    assert () == attendance.take_departed([uid], DEPARTED_SECONDS + 1)


def test_marks_of_departed_pods_outlive_findings_about_them() -> None:
    """A finding that another replica holds is dropped before the mark that tells it is old."""
    assert 2 * STALE_SECONDS <= DEPARTED_SECONDS


def test_nothing_is_kept_of_pods_without_marks() -> None:
    """Most pods of a cluster never restart, and are replaced with each rollout."""
    attendance, uid = Attendance(), PodUid("u1")
    attendance.arrive([uid, PodUid("u2")], KEY, PodSpec())
    attendance.depart(uid, 0.0, is_marked=False)
    attendance.depart(uid, 0.0, is_marked=False)
    left = attendance.has_pods(KEY), attendance.is_gone(uid)
    attendance.depart(PodUid("u2"), 0.0, is_marked=False)

    assert (True, False) == left
    assert not attendance.has_pods(KEY)
    assert 0 == attendance.pod_bytes(KEY)


def test_newest_pod_tells_how_many_fit_into_a_report() -> None:
    """A rollout may add containers, each of which gets a mark."""
    attendance, more = Attendance(), spec()
    attendance.arrive([PodUid("u1")], KEY, PodSpec())
    attendance.arrive([PodUid("u2")], KEY, more)

    assert pod_size(PodSpec()) < pod_size(more) == attendance.pod_bytes(KEY)
