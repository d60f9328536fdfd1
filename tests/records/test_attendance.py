"""Attendance: pods arrive, depart, and are remembered for a while."""

from probewatch.core.model import PodUid
from probewatch.core.spec import PodSpec
from probewatch.records.attendance import DEPARTED_SECONDS, Attendance
from probewatch.records.entry import Key

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
    attendance.keep({PodUid("u2")})

    assert [False, True, False] == [attendance.is_gone(PodUid(uid)) for uid in ("u1", "u2", "u3")]
