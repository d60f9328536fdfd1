"""The pods of the end-to-end test, each for one behaviour of a real kubelet.

They run on any cluster, also with the Pod Security profile *restricted*. Their image has to have a
shell: busybox, or what `E2E_IMAGE` names.
"""

import os
from dataclasses import dataclass

IMAGE = os.environ.get("E2E_IMAGE", "busybox:1")
PORT = 8080

Json = dict[str, object]

SERVE = """
mkdir -p {home} && echo ok > {home}/healthz
(sleep {seconds}; rm {home}/healthz) &
if command -v httpd >/dev/null; then exec httpd -f -p {port} -h {home}; fi
exec python3 -m http.server {port} --bind "${{POD_IP:-0.0.0.0}}" --directory {home}
"""
"""Serves `/healthz` with 200 for some seconds, and with 404 afterwards."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """One pod, and what the operator has to report about it."""

    name: str
    script: str
    cause: str
    """The cause of its restarts; empty if it has none."""
    probes: Json
    event: str = "ContainerRestarted"


def fails_exec(after: float, file: str) -> str:
    return f"touch {file}; (sleep {after:g}; rm {file}) & sleep 3600 & wait"


def probe(*command: str, period: int = 1, threshold: int = 2, **more: object) -> Json:
    return {
        "exec": {"command": list(command)},
        "periodSeconds": period,
        "failureThreshold": threshold,
        "timeoutSeconds": 3,
        **more,
    }


def http_probe() -> Json:
    return {
        "httpGet": {"path": "/healthz", "port": PORT},
        "initialDelaySeconds": 2,
        "periodSeconds": 1,
        "failureThreshold": 2,
    }


def stories(namespace: str) -> tuple[Story, ...]:
    """Return all pods; their files are named after *namespace*, should they share a disk."""
    home = f"/tmp/{namespace}"  # noqa: S108  # in a container
    return (
        Story(
            name="liveness-exec",
            script=fails_exec(6, f"{home}-live"),
            probes={"livenessProbe": probe("cat", f"{home}-live", initialDelaySeconds=1)},
            cause="LivenessProbe",
            event="LivenessProbeRestart",
        ),
        Story(
            name="liveness-http",
            script=SERVE.format(home=f"{home}-http", seconds=8, port=PORT),
            probes={"livenessProbe": http_probe()},
            cause="LivenessProbe",
            event="LivenessProbeRestart",
        ),
        Story(
            name="startup-exec",
            script="sleep 3600 & wait",
            probes={"startupProbe": probe("false")},
            cause="StartupProbe",
            event="StartupProbeRestart",
        ),
        Story(
            name="own-error",
            script="sleep 4; exit 3",
            probes={"readinessProbe": probe("true")},
            cause="Error",
        ),
        Story(
            name="own-end",
            script="sleep 4; exit 0",
            probes={"readinessProbe": probe("true")},
            cause="Completed",
        ),
        Story(
            name="readiness-exec",
            script=fails_exec(6, f"{home}-ready"),
            probes={"readinessProbe": probe("cat", f"{home}-ready")},
            cause="",
            event="ReadinessLost",
        ),
    )


def manifest(story: Story) -> Json:
    """Return the Pod of a story."""
    container = {
        "name": "app",
        "image": IMAGE,
        "command": ["sh", "-c", story.script],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        **story.probes,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": story.name, "labels": {"app": story.name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
