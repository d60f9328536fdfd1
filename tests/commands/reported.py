"""Reads tests/data/reported_pods.yaml: pods and Events as an API server returns them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

UID, MIRROR = "u1", "hash"
"""The pod's uid, and what the kubelet calls a static pod."""
EVENT = re.compile(r"^(\S+?)(?: \(x(\d+) over (\S+)\))? (\w+)(?:\(([\w-]+)\))? (.*)$")
PROBES = re.compile(r"(liveness|readiness|startup)\(([^)]*)\)")
WORDS = re.compile(r"(\w+)=([^ )]+)(?![^(]*\))")
"""Words such as `count=2` that are not within the parentheses of a probe."""
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
OF_POD = frozenset({"SandboxChanged", "Evicted"})
NO_ID = frozenset({"ContainerStatusUnknown", "RestartingAllContainers"})
"""Reasons of ends that the kubelet makes up, without a container."""
FIELDS = {
    "delay": "initialDelaySeconds",
    "timeout": "timeoutSeconds",
    "period": "periodSeconds",
    "failure": "failureThreshold",
}


@dataclass(frozen=True)
class Reported:
    """One reported pod."""

    told: Json

    @property
    def seen(self) -> datetime:
        """When it was described."""
        seen: datetime = self.told["seen"]  # YAML reads a time without a zone
        return seen.replace(tzinfo=UTC)

    @property
    def causes(self) -> dict[str, list[str]]:
        """The true causes, by container; several if the words of several fit."""
        said = self._of_containers("cause")
        return {name: [each] if isinstance(each, str) else each for name, each in said.items()}

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdicts to expect, by container."""
        return self._of_containers("verdict")

    def _of_containers(self, field: str) -> Json:
        said, names = self.told[field], list(self.told["containers"])
        return said if isinstance(said, dict) else {names[-1]: said}

    @property
    def pod(self) -> Json:
        """The pod."""
        kind, _, reason = self.told.get("pod", "").partition("/")
        meta: Json = {"name": "web", "namespace": "shop", "uid": UID, "resourceVersion": "9"}
        if kind == "static":
            meta["annotations"] = {"kubernetes.io/config.mirror": MIRROR}
        policy = kind if kind == "Never" else "Always"
        spec: Json = {"nodeName": "n1", "restartPolicy": policy}
        status: Json = {"phase": "Failed" if kind == "Failed" else "Running", "reason": reason}
        for name, text in self.told["containers"].items():
            group = _group(text)
            spec.setdefault(f"{group}s", []).append(_container(name, text))
            status.setdefault(f"{group}Statuses", []).append(self._status(name, text))
        if not any("Probe" in key for each in spec["containers"] for key in each):
            # A readiness probe kills nothing, but without any probe nobody would look at the pod.
            spec["containers"][0]["readinessProbe"] = {"httpGet": {"port": 80}}
        return {"kind": "Pod", "metadata": meta, "spec": spec, "status": status}

    def _status(self, name: str, text: str) -> Json:
        said = dict(WORDS.findall(text))
        count, runs, waits = int(said["count"]), "running" in said, "waiting" in said
        status: Json = {"name": name, "restartCount": count, "ready": runs, "started": runs}
        status["containerID"] = f"runtime://{name}-{count}"
        status["state"] = self._state(said, f"{name}-{count}")
        if "last" in said:  # in back-off, the last instance is also the newest
            instance = f"{name}-{count if waits else count - 1}"
            status["lastState"] = {"terminated": self._end(said["last"], instance)}
        return status

    def _state(self, said: dict[str, str], instance: str) -> Json:
        if "waiting" in said:
            return {"waiting": {"reason": said["waiting"]}}
        if "running" in said:
            return {"running": {"startedAt": self._time(said["running"])}}
        return {"terminated": self._end(said["ended"], instance)}

    def _end(self, text: str, instance: str) -> Json:
        reason, code, times = text.split("/", 2)
        begin, _, end = times.partition("..")
        death: Json = {"exitCode": int(code), "reason": reason}
        if end:
            death |= {"startedAt": self._time(begin), "finishedAt": self._time(end)}
        if reason not in NO_ID:
            death["containerID"] = f"runtime://{instance}"
        return death

    def _time(self, text: str) -> str:
        return text + "Z" if "T" in text else f"{self.seen.date()}T{text}Z"

    @property
    def events(self) -> list[Json]:
        """The Events about it, as a list of the API server has them."""
        lines = filter(None, self.told.get("events", "").splitlines())
        return [self._event(number, line) for number, line in enumerate(lines)]

    def _event(self, number: int, line: str) -> Json:
        match = EVENT.match(line)
        assert match, line
        age, count, first, reason, source, message = match.groups()
        static = self.told.get("pod") == "static"
        about: Json = {"kind": "Pod", "namespace": "shop", "name": "web"}
        about["uid"] = MIRROR if static else UID
        if reason not in OF_POD:
            name, text = list(self.told["containers"].items())[-1]
            about["fieldPath"] = f"spec.{_group(text)}s{{{name}}}"
        return {
            "kind": "Event",
            "metadata": {"name": f"web.{number}", "namespace": "shop", "uid": f"e{number}"},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "source": {"component": source or "kubelet", "host": "n1"},
            "count": int(count or 1),
            "firstTimestamp": self._ago(first or age),
            "lastTimestamp": self._ago(age),
        }

    def _ago(self, age: str) -> str:
        seconds = sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([dhms])", age))
        return f"{self.seen - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def _group(text: str) -> str:
    return "initContainer" if text.startswith(("init ", "sidecar ")) else "container"


def _container(name: str, text: str) -> Json:
    container: Json = {"name": name, "image": "i"}
    if text.startswith("sidecar "):
        container["restartPolicy"] = "Always"
    if " hook " in f" {text}":
        container["lifecycle"] = {"postStart": {"exec": {"command": ["true"]}}}
    if rule := re.search(r"rule=(\d+)/(\w+)", text):
        codes = {"operator": "In", "values": [int(rule[1])]}
        container["restartPolicy"] = "Never"
        container["restartPolicyRules"] = [{"action": rule[2], "exitCodes": codes}]
    for kind, inner in PROBES.findall(text):
        words = inner.split()
        probe: Json = {"exec": {}} if "exec" in words else {"httpGet": {"port": 80}}
        settings = dict(word.split("=") for word in words if "=" in word)
        container[f"{kind}Probe"] = probe | {FIELDS[key]: int(n) for key, n in settings.items()}
    return container
