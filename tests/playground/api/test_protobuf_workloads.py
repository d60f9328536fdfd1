"""Workloads in protobuf, as recorded from `kubectl create` 1.37.1."""

import pytest

from probewatch.playground.api.protobuf import decode

META = b'\n\x00\x12\x00\x1a\x00"\x00*\x002\x008\x00B\x00'
POD_REST = b"2\x00B\x00J\x00R\x00X\x00`\x00h\x00\x82\x01\x00\x8a\x01\x00\x9a\x01\x00\xc2\x01\x00"
CONTAINER_REST = b"*\x00B\x00j\x00r\x00\x80\x01\x00\x88\x01\x00\x90\x01\x00\xa2\x01\x00"

DEPLOYMENT = (
    b'k8s\x00\n\x15\n\x07apps/v1\x12\nDeployment\x12\xb2\x01\n\x1b\n\x01d\x12\x00\x1a\x00"\x00*\x00'
    b"2\x008\x00B\x00Z\x08\n\x03app\x12\x01d\x12\x84\x01\x08\x02\x12\n\n\x08\n\x03app\x12\x01d\x1al\n"
    b"\x1a" + META + b"Z\x08\n\x03app\x12\x01d\x12N\x120\n\x05nginx\x12\x07nginx:1*\x002\n\n\x00"
    b'\x10\x00\x18P"\x00*\x00' + CONTAINER_REST[2:] + b"\x1a\x00" + POD_REST + b'"\x02\n\x00('
    b'\x008\x00\x1a\x0c\x08\x00\x10\x00\x18\x00 \x00(\x008\x00\x1a\x00"\x00'
)
JOB = (
    b'k8s\x00\n\x0f\n\x08batch/v1\x12\x03Job\x12\x84\x01\n\x11\n\x01j\x12\x00\x1a\x00"\x00*\x002\x00'
    b"8\x00B\x00\x12e2c\n\x10" + META + b"\x12O\x12,\n\x01j\x12\tbusybox:1\x1a\x05sleep\x1a\x015"
    + CONTAINER_REST + b"\x1a\x05Never" + POD_REST
    + b'\x1a\x08 \x00(\x000\x00:\x00\x1a\x00"\x00'
)  # fmt: skip
CRON_JOB = (
    b'k8s\x00\n\x13\n\x08batch/v1\x12\x07CronJob\x12\xa1\x01\n\x11\n\x01c\x12\x00\x1a\x00"\x00*\x00'
    b"2\x008\x00B\x00\x12\x89\x01\n\t* * * * *\x1a\x00*z\n\x11\n\x01c" + META[2:]
    + b"\x12e2c\n\x10" + META + b"\x12O\x12(\n\x01c\x12\tbusybox:1\x1a\x04date" + CONTAINER_REST
    + b"\x1a\tOnFailure" + POD_REST + b'\x1a\x00\x1a\x00"\x00'
)  # fmt: skip

JOB_OF_CRON_JOB = (
    b'k8s\x00\n\x0f\n\x08batch/v1\x12\x03Job\x12\xba\x02\n\x7f\n\x02jj\x12\x00\x1a\x00"\x00*\x002\x00'
    b'8\x00B\x00b+\n!cronjob.kubernetes.io/instantiate\x12\x06manualj>\n\x07CronJob\x1a\x01c"$'
    b"e00ccd3d-7af6-439f-8294-d13861aee09b*\x08batch/v10\x01\x12\xac\x012\xa9\x01\n\x10" + META
    + b"\x12\x94\x01\x12L\n\x01c\x12\tbusybox:1\x1a\x04date*\x00B\x00j\x14/dev/termination-logr\x0c"
    b"IfNotPresent\x80\x01\x00\x88\x01\x00\x90\x01\x00\xa2\x01\x04File\x1a\tOnFailure"
    b" \x1e2\x0cClusterFirstB\x00J\x00R\x00X\x00`\x00h\x00r\x00\x82\x01\x00\x8a\x01\x00\x9a\x01\x11"
    b"default-scheduler\xc2\x01\x00"
    b'\x1a\x08 \x00(\x000\x00:\x00\x1a\x00"\x00'
)  # fmt: skip


def test_a_deployment() -> None:
    """Replicas, selector, labels, image and port are decoded."""
    found = decode(DEPLOYMENT)

    spec = found["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert ("apps/v1", "Deployment", "d") == (
        found["apiVersion"],
        found["kind"],
        found["metadata"]["name"],
    )
    assert (2, {"matchLabels": {"app": "d"}}) == (spec["replicas"], spec["selector"])
    assert ("nginx", "nginx:1") == (container["name"], container["image"])
    assert 80 == container["ports"][0]["containerPort"]


@pytest.mark.parametrize(
    ("body", "kind", "command", "policy"),
    [
        (JOB, "Job", ["sleep", "5"], "Never"),
        (CRON_JOB, "CronJob", ["date"], "OnFailure"),
        (JOB_OF_CRON_JOB, "Job", ["date"], "OnFailure"),
    ],
    ids=["job", "cronjob", "job from a cronjob"],
)
def test_jobs(body: bytes, kind: str, command: list[str], policy: str) -> None:
    """Command, restart policy and schedule are decoded."""
    found = decode(body)

    spec = found["spec"]
    if kind == "CronJob":
        assert "* * * * *" == spec["schedule"]
        spec = spec["jobTemplate"]["spec"]
    pod = spec["template"]["spec"]
    assert (kind, policy, command) == (
        found["kind"],
        pod["restartPolicy"],
        pod["containers"][0]["command"],
    )
