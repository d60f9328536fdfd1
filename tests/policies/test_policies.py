"""Policies as the operator is wired: their effect on records, and who writes their status."""

import asyncio
from dataclasses import replace

import pytest

from probewatch.clock import Clock
from probewatch.core.model import PodUid
from probewatch.policies.policies import Policies, PolicySurroundings
from probewatch.settings import Settings
from tests.policies.scene import FakePod, FakePolicies
from tests.support.operator_parts import make_parts
from tests.support.probe_policies import policy_object, read_policy

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", lease_namespace="probewatch")


async def test_history_limit_holds_for_a_pod_that_is_gone() -> None:
    """The history limit of a deleted pod's policy still applies to its last restart."""
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
async def test_only_an_operator_of_all_pods_writes_status(settings: Settings, written: int) -> None:
    """Only an operator that watches all pods, and is not a dry run, writes status.

    Two that watch some of the pods each would overwrite each other's counts for ever.
    """
    api = FakePolicies()
    api.put(policy_object())
    policies = make(settings, api)
    await policies.upkeep.start()
    await policies.statuses.tell()

    assert written == len(api.written)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (replace(SETTINGS, pod_selector="team=a"), "only some pods are watched"),
        (replace(SETTINGS, dry_run=True), "dry run"),
    ],
    ids=["some pods", "dry run"],
)
async def test_invalid_policies_are_logged_where_no_status_is_written(
    settings: Settings, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator that writes no status logs that once, and why each invalid version is one."""
    caplog.set_level("INFO")
    broken, api = policy_object("two", spec={"historyLimit": 0}), FakePolicies()
    api.put(policy_object())
    api.put(policy_object("three", spec={"slowLoop": {"windowSeconds": 60}}))
    api.put(broken)
    policies = make(settings, api)
    await policies.upkeep.start()
    for _ in range(2):
        policies.statuses.touch()
        await policies.statuses.tell()
    broken["metadata"]["generation"] = 2
    policies.upkeep.take("MODIFIED", broken)
    await policies.statuses.tell()

    first, *told = [vars(each) for each in caplog.records if each.name.endswith("notices")]
    assert why == first["why"]
    assert [("three", "InvalidWindows"), *[("two", "InvalidValue")] * 2] == sorted(
        (each["policy"], each["reason"]) for each in told
    )


def make(settings: Settings, api: FakePolicies) -> Policies:
    async def restart_kopf() -> None:
        await asyncio.sleep(0)

    return Policies(
        settings=settings,
        requester=api,
        around=PolicySurroundings(
            pods=list,
            changed=lambda _namespace: None,
            may_write=lambda: True,
            restart_kopf=restart_kopf,
        ),
        clock=Clock(),
    )
