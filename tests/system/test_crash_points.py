"""An operator that is killed before or after any write leads to the same end result."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from probewatch.core.incidents import tell_again
from probewatch.core.spec import PodSpec
from probewatch.crash_points import AT, LOG, POINTS
from probewatch.kube.events.making import draft_event
from probewatch.kube.reports.parsing import decode_report, parse_record
from tests.system.records_rig import BOUND_SECONDS, Operator, Rig, rigged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FIRST = ("lease.create", "lease.release")
"""The crash points of the first process; all others are in the second."""

POLICY: dict[str, Any] = {
    "metadata": {"name": "all", "namespace": "default"},
    "spec": {"historyLimit": 200},
}


async def play(rig: Rig, crash: dict[str, str]) -> None:
    """Let five workloads restart under three processes, one of which may be killed."""
    point = crash.get(AT, "").partition(":")[0].rpartition(".")[0]
    is_first = point in FIRST
    await play_first(rig, crash if is_first or not point else {})
    second = await play_second(rig, {} if is_first else crash, dies=bool(point) and not is_first)
    await play_third(rig, second)


async def play_first(rig: Rig, crash: dict[str, str]) -> None:
    rig.add("baselined", restarts=4)
    rig.add("single")
    rig.add("jumping")
    operator = await until_it_lives(rig, await rig.start(**crash))
    rig.restart("single")
    rig.restart("jumping", 3)
    rig.restart("baselined")
    await rig.until_recorded()
    await rig.until_agreed()
    await operator.stop()


async def play_second(rig: Rig, crash: dict[str, str], *, dies: bool) -> Operator:
    policies = rig.registry.types.find("probewatch.dev", "v1alpha1", "probepolicies")
    assert policies is not None
    rig.registry.create(policies, POLICY)
    rig.restart("single", 2)
    operator = await rig.serve(**crash)
    rig.add("born-later")
    rig.restart("born-later", 2)
    rig.restart("jumping")
    rig.add("restarting")
    rig.restart("restarting")
    await until_dead_or_done(rig, operator, dies=dies)
    return operator


async def play_third(rig: Rig, operator: Operator) -> None:
    rig.restart("born-later")
    operator = await until_it_lives(rig, operator)
    await rig.until_recorded()
    rig.restart("single")
    rig.restart("restarting", 2)
    await rig.until_recorded()
    await operator.until_counted(rig.restarts)
    await operator.stop()


async def until_it_lives(rig: Rig, operator: Operator) -> Operator:
    """Wait until the operator serves, or the one that is started in its place."""
    await operator.until_open()
    if operator.is_dead:
        operator = await rig.serve()
    return operator


async def until_dead_or_done(rig: Rig, operator: Operator, *, dies: bool) -> None:
    if not dies:
        await rig.until_recorded()
        await asyncio.sleep(1)
        return
    async with asyncio.timeout(BOUND_SECONDS):
        await operator.wait()


def outcome(rig: Rig) -> dict[str, Any]:
    """The final objects of the cluster, without what differs from run to run."""
    counts = {}
    for report in rig.reports().values():
        status = report["status"]
        counts[status["workload"]["name"]] = {
            "restarts": status["restarts"],
            "incidents": sorted(each["restartCount"] for each in status["incidents"]),
            "marks": sorted(
                (each["name"], each["count"])
                for pod in status.get("pods", ())
                for each in pod.get("containers", ())
            ),
        }
    return counts


def names_of_incidents(rig: Rig) -> set[str]:
    """The names of the Events that there must be: one for each verdict."""
    found = set()
    for report in rig.reports().values():
        record = parse_record(decode_report(msgspec.json.encode(report)))
        assert record is not None
        for incident in record.incidents:
            restart = tell_again(incident, record.workload)
            draft = draft_event(restart, record.workload, PodSpec())
            assert draft is not None
            found.add(draft.name)
    return found


def names_of_events(rig: Rig) -> list[str]:
    """The names of the Events about restarts."""
    events = (each.object for each in rig.registry.items(rig.registry.types.builtin("events")))
    return [
        event["metadata"]["name"]
        for event in events
        if event.get("reportingComponent") == "probewatch.dev/operator"
        and event["reason"] in {"ContainerRestarted", "LivenessProbeRestart"}
    ]


@pytest.fixture(name="reference", scope="module")
def _reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], set[str]]:
    """The outcome without a crash, and the crash points that were passed."""
    folder = tmp_path_factory.mktemp("reference")
    log = folder / "passed"

    async def run() -> dict[str, Any]:
        async with rigged(folder) as rig:
            await play(rig, {LOG: str(log)})
            return outcome(rig)

    return asyncio.run(run()), set(log.read_text(encoding="utf-8").split())


def test_all_crash_points_are_passed(reference: tuple[dict[str, Any], set[str]]) -> None:
    """The run without a crash passes every crash point."""
    _, passed = reference

    assert set(POINTS) == passed


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_changes_nothing(
    reference: tuple[dict[str, Any], set[str]], point: str, tmp_path: Path
) -> None:
    """Reports and Events are those of the run without a crash, and no Event is doubled."""
    async with rigged(tmp_path) as rig:
        await play(rig, {AT: f"{point}:1"})

        assert reference[0] == outcome(rig)
        assert names_of_incidents(rig) == set(names_of_events(rig))
