"""Policies in the whole operator: what is decided by them, and who may speak of them."""

import asyncio
from dataclasses import replace

import pytest

from probewatch.clock import Clock
from probewatch.core.model import PodUid
from probewatch.policies.policies import Policies, PolicySurroundings
from probewatch.settings import Settings
from tests.parts import make_parts
from tests.policies import policy_object, read_policy
from tests.test_policy_index import FakePod
from tests.test_policy_upkeep import FakeApi

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", lease_namespace="probewatch")


async def test_as_much_is_kept_of_a_pod_that_is_gone_as_its_policy_said() -> None:
    """The last restart of a pod is recorded after its end, and shortens nothing then."""
    parts = await make_parts(SETTINGS)
    recording, index = parts.recording, parts.policies.index
    assert recording is not None
    index.take(read_policy(spec={"historyLimit": 200}))
    index.policy_for(FakePod(uid=PodUid("gone")))

    assert 200 == recording.limit_for(PodUid("gone"))
    assert recording.limit_for(PodUid("never seen")) is None


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        (SETTINGS, 1),
        (replace(SETTINGS, pod_selector="team=a"), 0),
        (replace(SETTINGS, dry_run=True), 0),
    ],
    ids=["all pods", "some pods", "dry run"],
)
async def test_who_sees_all_pods_tells_of_policies(settings: Settings, written: int) -> None:
    """Two operators with selectors of their own would write against each other for ever."""

    async def serve_anew() -> None:
        await asyncio.sleep(0)

    api = FakeApi()
    api.put(policy_object())
    policies = Policies(
        settings=settings,
        requester=api,
        around=PolicySurroundings(
            pods=list,
            changed=lambda _namespace: None,
            may_write=lambda: True,
            serve_anew=serve_anew,
        ),
        clock=Clock(),
    )
    await policies.upkeep.start()
    await policies.statuses.tell()

    assert written == len(api.written)
