"""ProbePolicies as the API returns them."""

import json
from typing import Any

from probewatch.kube.policies.parsing import Read, parse_policy

Json = dict[str, Any]

BORN = "2026-11-20T10:00:00Z"


def policy_object(
    name: str = "one", spec: object = None, *, namespace: str = "shop", **meta: object
) -> Json:
    """A ProbePolicy as JSON; keywords are fields of its metadata."""
    return {
        "apiVersion": "probewatch.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{namespace}-{name}",
            "resourceVersion": "10",
            "generation": 1,
            "creationTimestamp": BORN,
            **meta,
        },
        "spec": {} if spec is None else spec,
    }


def read_policy(name: str = "one", spec: object = None, **meta: Any) -> Read:  # noqa: ANN401  # as above
    """A parsed ProbePolicy."""
    read = parse_policy(json.dumps(policy_object(name, spec, **meta)).encode())
    assert read is not None
    return read
