"""Reads the vectors of tests/data (pods and Events in a short notation) and plays them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from probewatch.core.counters import Reading
from probewatch.core.evidence import Evidence, EvidenceKind, FailureReason
from probewatch.core.findings import (
    Advice,
    CountingBegan,
    Finding,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import Condition, Pod, PodUid
from probewatch.core.observe import CountersRead, EvidenceObserved, PodObserved, TimePassed
from probewatch.core.spec import ContainerKind, PodSpec, RestartPolicy
from probewatch.kube.messages import classify
from probewatch.store import Store
from tests.core.notation import parse_container, parse_status

Vector = dict[str, Any]

SAID = re.compile(r"^(~)?([A-Z]{2})(?:\((\w+)\))?(?: x(\d+))?(?: ?@(\d+))(?: #(\w+))?(?: !(\w+))?$")
COMBINED = "(combined from similar events): "
TEXTS = {
    "KL": ("Killing", "Container {} failed liveness probe, will be restarted"),
    "KU": ("Killing", "Container {} failed startup probe, will be restarted"),
    "KC": ("Killing", "Container {} definition changed, will be restarted"),
    "KR": ("Killing", "Container {} resize requires restart"),
    "KH": ("Killing", "FailedPostStartHook"),
    "KA": ("Killing", "killing"),
    "KS": ("Killing", "Stopping container {}"),
    "KX": ("Killing", 'Container is in "unknown" state, try killing it before restart'),
    "UL": ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
    "UE": ("Unhealthy", 'Liveness probe failed: Get "http://10.0.0.1:80/": EOF'),
    "UU": ("Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500"),
    "UR": ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500"),
    "EL": ("Unhealthy", "Liveness probe errored and resulted in unknown state: rpc error"),
    "BO": ("BackOff", "Back-off restarting failed container {} in pod web"),
    "SC": ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created."),
    "FH": ("FailedPostStartHook", "PostStartHook failed"),
    "FP": ("FailedPreStopHook", "PreStopHook failed"),
    "FL": ("Failed", "Error: failed to start container"),
}
SIDECAR_TEXTS = TEXTS | {
    "KL": ("Killing", "Init container {} failed liveness probe"),
    "KU": ("Killing", "Init container {} failed startup probe"),
}
OF_NODES = {"NR": EvidenceKind.NODE_REBOOTED, "NS": EvidenceKind.KUBELET_STARTED}
STARTS = (EvidenceKind.PULLED, EvidenceKind.CREATED, EvidenceKind.STARTED)


@dataclass(slots=True)
class Play:
    """One vector, played to a store."""

    vector: Vector
    findings: list[Finding]
    now: float = 0.0
    version: int = 0
    uid: str = "u1"

    @classmethod
    def of(cls, vector: Vector) -> "Play":
        """Play all steps, and let time run until no verdict is pending."""
        play, store = cls(vector, []), Store()
        for step in vector["steps"]:
            play.take(store, step)
        while store.pending() and (due := store.next_due()) is not None:
            play.now = max(play.now, due)
            play.findings += store.feed(TimePassed(), play.now)
        return play

    def take(self, store: Store, step: Vector) -> None:
        """Play one step."""
        assert set(step) <= {"see", "at", "say", "count", "pass"}, f"a comma too many: {step}"
        if "pass" in step:
            self.now += step["pass"]
            self.findings += store.tick(self.now)
        if "see" in step:
            version = self.parse_pod(dict(step["see"]))
            self.now = max(self.now, step.get("at", 0.0)) + 1
            self.findings += store.feed(version, self.now)
        for evidence in self.parse_events(step.get("say", "")):
            self.now = max(self.now, evidence.at)
            self.findings += store.feed(EvidenceObserved(evidence=evidence), self.now)
        if "count" in step:
            read = step["count"]
            reading = Reading(at=read["at"], process=1.0, liveness=read["liveness"])
            counters = CountersRead(uid=PodUid(self.uid), container="app", reading=reading)
            self.findings += store.feed(counters, self.now)

    # --- pods

    @property
    def spec(self) -> PodSpec:
        """The pod spec of the vector."""
        given = dict(self.vector["pod"])
        policy = RestartPolicy(given.pop("policy", "Always"))
        shared, windows = given.pop("host", False), given.pop("windows", False)
        containers = tuple(parse_container(name, text) for name, text in given.items())
        return PodSpec(
            containers=containers, restart_policy=policy, host_network=shared, windows=windows
        )

    def parse_pod(self, see: Vector) -> PodObserved:
        """One version of the pod, with its time of arrival."""
        self.version += 1
        self.uid = see.get("uid", self.uid)
        spec = _as_seen(self.spec, see)
        statuses = tuple(
            parse_status(each.name, see[each.name]) for each in spec.containers if each.name in see
        )
        newest = (s.running_since for s in statuses if s.running_since is not None)
        self.now = max(self.now, *newest, 0.0)
        ready, since = see.get("ready", True), float(see.get("since", 1))
        within = see.get("containersReady", ready)
        conditions = {
            "Ready": Condition(status=ready, last_transition=since),
            "ContainersReady": Condition(status=within, last_transition=since),
        }
        if "sandbox" in see:
            sandbox = Condition(status=True, last_transition=float(see["sandbox"]))
            conditions["PodReadyToStartContainers"] = sandbox
        if see.get("resizePending"):
            conditions["PodResizePending"] = Condition(status=True, reason="Deferred")
        if see.get("restartingAll"):
            conditions["AllContainersRestarting"] = Condition(status=True)
        pod = Pod(
            uid=PodUid(self.uid),
            evidence_uid=see.get("mirror", self.uid),
            namespace="shop",
            name="web",
            node="n1",
            resource_version=self.version,
            phase=see.get("phase", "Running"),
            reason=see.get("reason", ""),
            deletion_at=see.get("deleted"),
            pod_ip=str(see.get("ip", "")),
            spec=spec,
            statuses=statuses,
            conditions=conditions,
        )
        return PodObserved(pod=pod, relisted=see.get("relisted", False))

    # --- Events

    def parse_events(self, text: str) -> Iterator[Evidence]:
        """The Events of one step."""
        for part in filter(None, (each.strip() for each in text.split(","))):
            match = SAID.match(part)
            assert match, part
            combined, what, container, count, at, name, uid = match.groups()
            said = Evidence(
                kind=EvidenceKind.NODE_REBOOTED,
                at=float(at),
                first_at=float(at) - 5 * (int(count or 1) - 1),
                count=int(count or 1),
                name=name or f"{what}{container}",
                involved_uid=uid or self.uid,
                namespace="shop",
                node="n1",
            )
            if what in OF_NODES:
                yield replace(said, kind=OF_NODES[what])
                continue
            names = [each for each in self.spec.containers if each.kind is ContainerKind.REGULAR]
            owner = container or names[0].name
            said = replace(said, container="" if what == "SC" else owner)
            if what == "ST":
                yield from (replace(said, kind=kind, name=f"{said.name}{kind}") for kind in STARTS)
                continue
            yield self._meant(said, what, combined)

    def _meant(self, said: Evidence, what: str, combined: str | None) -> Evidence:
        container = self.spec.container(said.container)
        sidecar = container is not None and container.kind is ContainerKind.SIDECAR
        reason, text = (SIDECAR_TEXTS if sidecar else TEXTS)[what]
        meaning = classify(reason, (COMBINED if combined else "") + text.format(said.container))
        return replace(
            said,
            kind=meaning.kind,
            probe_type=meaning.probe_type,
            failure=meaning.failure or FailureReason.OTHER,
            combined=meaning.combined,
        )

    # --- findings

    @property
    def restarts(self) -> list[str]:
        """The final verdicts, one line each."""
        told: dict[tuple[str, int, int], Restart] = {}
        for finding in self.findings:
            if isinstance(finding, Restart):
                key = (finding.container, finding.epoch, finding.restart_count)
                assert key not in told, "a restart was told twice"
                told[key] = finding
            elif isinstance(finding, RestartCorrected):
                was = finding.was
                told[was.container, was.epoch, was.restart_count] = finding.now
        return sorted(
            f"{r.container} {r.restart_count} {r.cause} {r.confidence}" for r in told.values()
        )

    def told(self) -> list[str]:
        """All other findings, in the vectors' notation."""
        return [text for each in self.findings if (text := _words(each))]


def _as_seen(spec: PodSpec, see: Vector) -> PodSpec:
    """The spec with the image and resources of this version, by container."""
    images, resources = see.get("image", {}), see.get("resources", {})
    if not images and not resources:
        return spec
    containers = tuple(
        replace(each, image=images.get(each.name, ""), resources=str(resources.get(each.name, "")))
        for each in spec.containers
    )
    return replace(spec, containers=containers)


def _words(finding: Finding) -> str:
    match finding:
        case ProbeKillWithoutRestart():
            return f"ending {finding.container} {finding.cause} {finding.confidence}"
        case ReadinessChanged():
            return f"readiness {finding.to} {finding.reason}"
        case Advice():
            return f"advice {finding.container} {finding.probe_type} {finding.finding}"
        case CountingBegan(epoch=epoch) if epoch:
            return f"counting {finding.container} {finding.restart_count} epoch {epoch}"
        case ProbeFailures(reason=FailureReason.ERRORED):
            return (
                f"failures {finding.container} {finding.probe_type} {finding.reason} "
                f"{finding.count}"
            )
        case _:
            return ""
