"""Reads the pod specs of running workloads, each workload once unless its pods differ."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import msgspec

from probewatch.clock import Clock
from probewatch.commands.manifests import Template
from probewatch.commands.workload_names import is_called
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.kube import objects
from probewatch.kube.answers import ask_for
from probewatch.kube.api_paths import find_path
from probewatch.kube.client import ApiClient
from probewatch.kube.pages import Page, read_pages
from probewatch.kube.parsing import parse_owner
from probewatch.kube.spec_parsing import parse_spec
from probewatch.kube.workloads import Workloads

PAGE = 500


_PAGES = msgspec.json.Decoder(Page[objects.Pod])


async def read_live(
    client: ApiClient, *, namespace: str, selector: str, clock: Clock
) -> tuple[Template, ...]:
    """Return the templates with probes in a namespace (empty: in all); raises ApiError."""
    workloads = Workloads(requester=client, clock=clock)
    seen: dict[tuple[Workload, PodSpec], Template] = {}
    async for raw in _pods(client, namespace, selector):
        pod, spec = _ref(raw), parse_spec(raw.spec)
        if spec.has_probes:
            workload = await workloads.resolve(pod)
            seen.setdefault((workload, spec), _template(workload, spec))
    return tuple(sorted(seen.values(), key=lambda each: (each.namespace, each.kind, each.name)))


async def _pods(client: ApiClient, namespace: str, selector: str) -> AsyncIterator[objects.Pod]:
    path = find_path("v1", "pods", namespace or None)
    params = {"limit": str(PAGE), **({"labelSelector": selector} if selector else {})}
    async for page in read_pages(partial(ask_for, client, _PAGES, path), params):
        for pod in page.items or ():
            yield pod


def _ref(raw: objects.Pod) -> PodRef:
    meta = raw.metadata
    return PodRef(
        uid=PodUid(meta.uid or ""),
        namespace=meta.namespace or "",
        name=meta.name,
        owner=parse_owner(meta.owner_references),
    )


def _template(workload: Workload, spec: PodSpec) -> Template:
    return Template(
        source="",
        namespace=workload.namespace,
        kind=workload.kind,
        name=workload.name,
        spec=spec,
    )


def find_one(templates: tuple[Template, ...], wanted: str) -> Iterator[Template]:
    """Yield the templates of the workload *wanted*: `NAME` or `KIND/NAME`."""
    for each in templates:
        if is_called(wanted, kind=each.kind, name=each.name):
            yield each
