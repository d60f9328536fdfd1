"""The kubelet's filter of Events: counting, combining, and the spam limit."""

import pytest

from probewatch.playground.kubelet.event_filter import (
    BURST,
    COMBINED,
    EventFilter,
    Note,
    SpamKey,
    Subject,
)


def note(
    message: str = "m", *, container: str = "a", type_: str = "Normal", uid: str = "u"
) -> Note:
    path = f"spec.containers{{{container}}}"
    subject = Subject(kind="Pod", namespace="n", name="p", uid=uid, field_path=path)
    return Note(
        component="kubelet", host="h", subject=subject, type=type_, reason="R", message=message
    )


def test_equal_events_are_counted_in_one_object() -> None:
    """An equal Event updates the first and raises its count."""
    sieve = EventFilter()
    first, second = sieve.admit(note(), 100.0), sieve.admit(note(), 105.0)

    assert first
    assert second
    assert (1, 2) == (first.count, second.count)
    assert first.name == second.name
    assert (100.0, 105.0) == (second.first, second.last)


def test_containers_are_told_apart() -> None:
    """Equal Events about different containers are different objects."""
    sieve = EventFilter()
    names = {sieve.admit(note(container=name), 100.0 + n) for n, name in enumerate("ab")}

    assert 2 == len(names)


def test_events_of_one_moment_have_names_of_their_own() -> None:
    """Different Events have different names even if no time passes between them."""
    sieve = EventFilter()
    found = [sieve.admit(note(message), 100.0) for message in ("a", "b", "a", "c")]

    assert 3 == len({each.name for each in found if each})


def test_a_burst_is_delivered_and_then_one_in_five_minutes() -> None:
    """After a burst of 25, a pod gets one Event in five minutes."""
    sieve = EventFilter()
    delivered = [sieve.admit(note(), at) is not None for at in range(60)]
    assert int(BURST) == sum(delivered)

    assert sieve.admit(note(), 299.0) is None
    later = sieve.admit(note(), 301.0)
    assert later
    # Dropped Events are counted as well.
    assert 62 == later.count


@pytest.mark.parametrize(("delivered", "key"), [(0, SpamKey.OBJECT), (1, SpamKey.OBJECT_AND_TYPE)])
def test_types_share_a_budget_in_older_kubelets(delivered: int, key: SpamKey) -> None:
    """Up to Kubernetes 1.31 warnings use up the budget of normal Events."""
    sieve = EventFilter(spam_key=key)
    for at in range(30):
        sieve.admit(note(type_="Warning"), at)

    assert delivered == len([found for found in [sieve.admit(note(), 31)] if found])


def test_pods_do_not_share_a_budget() -> None:
    """Each pod has its own budget."""
    sieve = EventFilter()
    for at in range(30):
        sieve.admit(note(), at)

    assert sieve.admit(note(uid="other"), 31)


def test_many_different_messages_are_combined() -> None:
    """From the tenth message on Events are combined into one object."""
    sieve = EventFilter()
    found = [sieve.admit(note(f"m{n}", container="ab"[n % 2]), 100.0 + n) for n in range(12)]

    assert all(found)
    assert [1, 1, 2, 3] == [item.count for item in found[8:] if item]
    last = found[-1]
    assert last
    assert COMBINED + "m11" == last.note.message
    assert "spec.containers{b}" == last.note.subject.field_path


def test_combining_ends_after_ten_quiet_minutes() -> None:
    """After ten quiet minutes messages are not combined any more."""
    sieve = EventFilter()
    for n in range(12):
        sieve.admit(note(f"m{n}"), 100.0 + n)
    later = sieve.admit(note("late"), 100.0 + 700)

    assert later
    assert "late" == later.note.message
