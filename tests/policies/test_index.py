"""The index: which policy applies to a pod, in whichever order changes arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from probewatch.core.model import PodUid
from probewatch.core.policy import Policy
from probewatch.policies.index import (
    DELETED_KEPT,
    LABELS_KEPT,
    PODS_KEPT,
    PolicyIndex,
)
from tests.policies.scene import DEFAULT, ONE, WEB, FakePod
from tests.support.probe_policies import read_policy

FIVE = replace(DEFAULT, loop_restarts=5)
NINE = replace(DEFAULT, loop_restarts=9)


@dataclass
class Scene:
    """An index, and the namespaces that it reported as changed."""

    changed: list[str] = field(default_factory=list)
    index: PolicyIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = PolicyIndex(DEFAULT, self.changed.append)

    def judged(self, labels: Mapping[str, str] | None = None, namespace: str = "shop") -> Policy:
        return self.index.policy_for(FakePod(labels or {}, namespace))


@pytest.fixture(name="scene")
def _scene() -> Scene:
    return Scene()


def loop(restarts: int, **spec: object) -> dict[str, object]:
    return {"loop": {"restarts": restarts}, **spec}


def test_without_policies_the_settings_hold(scene: Scene) -> None:
    """Without policies in its namespace, a pod is judged by the operator's settings."""
    assert scene.judged() is DEFAULT
    assert 0 == len(scene.index)


def test_a_policy_is_for_its_namespace(scene: Scene) -> None:
    """A policy applies to the pods of its namespace, and to no others."""
    scene.index.take(read_policy(spec=loop(5)))

    assert (FIVE, DEFAULT) == (scene.judged(), scene.judged(namespace="other"))
    assert ["shop"] == scene.changed


def test_a_change_holds_at_once(scene: Scene) -> None:
    """A changed policy applies at once, in spite of cached results."""
    labels = {"tier": "web"}
    scene.index.take(read_policy(spec=loop(5, **WEB)))
    before = scene.judged(labels)
    scene.index.take(read_policy(spec=loop(9, **WEB), resourceVersion="11"))

    assert (FIVE, NINE) == (before, scene.judged(labels))
    assert ["shop", "shop"] == scene.changed


def test_a_pod_that_changes_its_labels_changes_its_policy(scene: Scene) -> None:
    """The policy is found by the pod's current labels."""
    scene.index.take(read_policy(spec=loop(5, **WEB)))

    assert [FIVE, DEFAULT, FIVE] == [
        scene.judged(labels) for labels in ({"tier": "web"}, {"tier": "db"}, {"tier": "web"})
    ]


def test_the_stronger_of_two_holds_until_it_goes(scene: Scene) -> None:
    """Of two policies for a pod, the one with the higher priority applies until it is deleted."""
    strong = read_policy("strong", loop(9, priority=1))
    scene.index.take(read_policy("weak", loop(5)))
    scene.index.take(strong)
    both = scene.judged()
    scene.index.gone(strong)

    assert (NINE, FIVE) == (both, scene.judged())


def test_an_invalid_one_is_as_if_it_were_not_there(scene: Scene) -> None:
    """A policy that becomes invalid applies to no pod until it is corrected."""
    wrong = {"selector": {"matchLabels": {"a b": "c"}}, **loop(5)}
    scene.index.take(read_policy(spec=loop(5)))
    scene.index.take(read_policy(spec=wrong, resourceVersion="11"))
    meanwhile = scene.judged()
    scene.index.take(read_policy(spec=loop(9), resourceVersion="12"))

    assert (DEFAULT, NINE) == (meanwhile, scene.judged())


def test_a_status_is_no_news_for_pods(scene: Scene) -> None:
    """A new version with the same spec does not cause pods to be judged again."""
    scene.index.take(read_policy(spec=loop(5)))
    scene.index.take(read_policy(spec=loop(5), resourceVersion="11"))

    assert ["shop"] == scene.changed
    assert [11] == [read.version for read in scene.index.reads()]


def test_an_older_version_changes_nothing(scene: Scene) -> None:
    """An older version, as from a slow list, does not replace a newer one."""
    scene.index.take(read_policy(spec=loop(9), resourceVersion="12"))
    scene.index.take(read_policy(spec=loop(5), resourceVersion="11"))

    assert NINE == scene.judged()


def test_a_deleted_one_does_not_come_back_by_an_older_list(scene: Scene) -> None:
    """A list from before a deletion does not bring the policy back."""
    one = read_policy(spec=loop(5))
    scene.index.take(one)
    scene.index.gone(one)
    scene.index.load([one], version=11)

    assert scene.judged() is DEFAULT
    assert 0 == len(scene.index)


def test_deletions_are_remembered_within_bounds(scene: Scene) -> None:
    """Only the latest deletions are remembered, so that memory is bounded."""
    for n in range(DELETED_KEPT + 1):
        scene.index.gone(read_policy(uid=f"u{n}"))
    scene.index.take(read_policy(spec=loop(5), uid=f"u{DELETED_KEPT}"))
    latest = scene.judged()
    scene.index.take(read_policy(spec=loop(5), uid="u0"))

    assert (DEFAULT, FIVE) == (latest, scene.judged())


def test_one_that_was_made_anew_is_another(scene: Scene) -> None:
    """A late deletion of a policy's predecessor (another uid) does not remove the policy."""
    scene.index.take(read_policy(spec=loop(9), uid="new", resourceVersion="20"))
    scene.index.gone(read_policy(spec=loop(5), uid="old"))

    assert NINE == scene.judged()


def test_a_list_tells_what_no_watch_did(scene: Scene) -> None:
    """A policy that a list does not contain is removed, unless it is newer than the list."""
    scene.index.take(read_policy("gone", loop(5)))
    scene.index.take(read_policy("kept", namespace="other", spec=loop(5)))
    scene.index.take(read_policy("newer", namespace="third", spec=loop(5), resourceVersion="99"))

    scene.index.load([read_policy("kept", namespace="other", spec=loop(5))], version=50)

    assert [DEFAULT, FIVE, FIVE] == [
        scene.judged(namespace=each) for each in ("shop", "other", "third")
    ]


def test_a_cluster_that_was_restored_is_taken_as_it_is(scene: Scene) -> None:
    """After a restore from a backup, an older list replaces all that was known."""
    deleted = read_policy("deleted", namespace="third", spec=loop(5), resourceVersion="90")
    kept = read_policy("kept", namespace="fourth", spec=loop(5), resourceVersion="99")
    scene.index.load([deleted, kept], version=100)
    scene.index.load([kept], version=100, namespace="fourth")
    scene.index.take(read_policy("changed", loop(9), resourceVersion="110"))
    scene.index.take(read_policy("made", namespace="other", spec=loop(9), resourceVersion="111"))
    scene.index.gone(deleted)
    restored = read_policy("changed", loop(5), resourceVersion="40")
    scene.index.load([restored, deleted, kept], version=60)

    assert [FIVE, DEFAULT, FIVE, FIVE] == [
        scene.judged(namespace=each) for each in ("shop", "other", "third", "fourth")
    ]
    scene.index.take(read_policy("changed", loop(9), resourceVersion="61"))
    assert NINE == scene.judged()


def test_each_namespace_that_is_listed_was_restored(scene: Scene) -> None:
    """With namespaces listed separately, a restore is noticed in each of them."""
    for namespace in ("shop", "other"):
        reads = [read_policy(namespace=namespace, spec=loop(9), resourceVersion="99")]
        scene.index.load(reads, version=100, namespace=namespace)
    for namespace in ("shop", "other"):
        reads = [read_policy(namespace=namespace, spec=loop(5), resourceVersion="40")]
        scene.index.load(reads, version=60, namespace=namespace)

    assert [FIVE, FIVE] == [scene.judged(namespace=each) for each in ("shop", "other")]


def test_a_list_of_one_namespace_says_nothing_of_others(scene: Scene) -> None:
    """An empty list of one namespace removes no policies of others."""
    scene.index.take(read_policy(spec=loop(5)))
    scene.index.load([], version=50, namespace="other")
    before = scene.judged()
    scene.index.load([], version=50, namespace="shop")

    assert (FIVE, DEFAULT) == (before, scene.judged())


def test_a_pod_that_is_gone_is_remembered(scene: Scene) -> None:
    """The last policy of a deleted pod is remembered for findings that are still to come."""
    scene.index.take(read_policy(spec={"events": False}))
    scene.index.policy_for(FakePod())

    found = scene.index.find_last(PodUid("u1"), None)
    assert found is not None
    assert not found.events
    assert scene.index.find_last(PodUid("never seen"), None) is None


def test_a_policy_that_is_gone_decides_nothing_later(scene: Scene) -> None:
    """Once a pod was judged without the deleted policy, that policy is not remembered for it."""
    quiet = read_policy(spec={"events": False})
    scene.index.take(quiet)
    scene.judged()
    scene.index.gone(quiet)
    scene.judged()

    assert scene.index.find_last(ONE, None) is None


def test_what_is_kept_is_bounded(scene: Scene) -> None:
    """The cache of results is bounded, and results are right whether cached or not."""
    scene.index.take(read_policy(spec=loop(5, **WEB)))
    labels = [{"tier": "web", "n": str(n)} for n in range(max(LABELS_KEPT, PODS_KEPT) + 2)]

    answers = [scene.index.policy_for(FakePod(each, uid=PodUid(each["n"]))) for each in labels]

    assert {FIVE.loop_restarts} == {each.loop_restarts for each in answers}
    assert scene.index.find_last(PodUid("0"), None) is None
    assert FIVE == scene.index.find_last(PodUid(labels[-1]["n"]), None)


def test_labels_that_decide_are_kept_within_bounds(scene: Scene) -> None:
    """Results are right when a selected label has more values than the cache has room for."""
    asks = [{"key": "n", "operator": "NotIn", "values": ["0", "7"]}]
    scene.index.take(read_policy(spec=loop(5, selector={"matchExpressions": asks})))
    labels = [{"n": str(n)} for n in range(LABELS_KEPT + 9)]

    assert ["0", "7"] == [each["n"] for each in labels if scene.judged(each) is DEFAULT]
    assert ["0", "7"] == [each["n"] for each in labels if scene.judged(each) is DEFAULT]


def test_one_that_stays_invalid_makes_nobody_judge_pods_anew(scene: Scene) -> None:
    """No change of a policy that stays invalid causes pods to be judged again."""
    wrong = read_policy(spec={"historyLimit": 0})
    scene.index.take(wrong)
    scene.index.take(read_policy(spec={"historyLimit": 999}, resourceVersion="11"))
    scene.index.gone(wrong)

    assert [] == scene.changed
    assert 0 == len(scene.index)


def test_each_change_of_a_policy_is_another_edition(scene: Scene) -> None:
    """The edition rises with each new version or deletion, and not with a repeated version."""
    editions = []
    for read in (read_policy(), read_policy(), read_policy(resourceVersion="11")):
        scene.index.take(read)
        editions.append(scene.index.edition)
    scene.index.gone(read_policy(resourceVersion="11"))

    assert [1, 1, 2, 3] == [*editions, scene.index.edition]


def test_a_hundred_policies(scene: Scene) -> None:
    """With a hundred policies, each applies to its own pods, and a general one to the rest."""
    reads = [
        read_policy(f"p{n}", loop(2 + n % 30, selector={"matchLabels": {"app": f"a{n}"}}))
        for n in range(100)
    ]
    scene.index.load(
        [*reads, read_policy("rest", {"historyLimit": 7}, creationTimestamp="2027-01-01T00:00:00Z")]
    )

    assert [2 + n % 30 for n in range(100)] == [
        scene.judged({"app": f"a{n}"}).loop_restarts for n in range(100)
    ]
    assert 7 == scene.judged({"app": "other"}).history_limit
    assert ["shop"] == scene.changed
    assert {"shop": 101} == {name: len(ranked) for name, ranked in scene.index.namespaces()}
