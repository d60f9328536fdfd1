"""The subresources of pods besides the status: log, binding and eviction."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from probewatch.playground.api.answers import Answer, Lines, answer_json
from probewatch.playground.api.requests import Request
from probewatch.playground.api.users import User
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.registry import Deletion, Registry
from probewatch.playground.objects.scheduling import bind_pod
from probewatch.playground.objects.status import StatusError, bad_request
from probewatch.playground.objects.types import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """The options of a request for a log."""

    namespace: str
    pod: str
    uid: str
    container: str
    previous: bool = False
    """Whether the log of the previous instance is requested."""
    follow: bool = False
    tail_lines: int | None = None


ReadLog = Callable[[LogRequest], AsyncGenerator[bytes]]
"""Returns the log in pieces; raises StatusError if there is none."""

SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def no_log(_request: LogRequest) -> AsyncGenerator[bytes]:
    """Return an empty log: the API server runs without a kubelet."""
    return
    yield b""


class PodRequests:
    """Answers requests on the subresources of pods; a cluster sets `read_log`."""

    def __init__(self, registry: Registry) -> None:
        self.read_log: ReadLog = no_log
        self._registry = registry

    # --- the log ------------------------------------------------------------------

    def answer_log(self, type_: ResourceType, request: Request, _user: User) -> Answer:
        """Answer with a container's log; raises StatusError."""
        pod = self._registry.get(type_, request.namespace, request.name).object
        wanted = LogRequest(
            namespace=request.namespace,
            pod=request.name,
            uid=pod["metadata"]["uid"],
            container=_find_container(pod, request.query.get("container", "")),
            previous=request.flag("previous"),
            follow=request.flag("follow"),
            tail_lines=request.number("tailLines"),
        )
        return Answer(stream=_pieces(self.read_log(wanted)), content_type="text/plain")

    # --- binding --------------------------------------------------------------------

    def answer_binding(self, _type: ResourceType, request: Request, _user: User) -> Answer:
        """Bind the pod to a node; raises StatusError."""
        target = (request.json().get("target") or {}).get("name") or ""
        if not target:
            raise bad_request("target.name: Required value")

        bind_pod(self._registry, request.namespace, request.name, target)
        return answer_json(SUCCESS, status=201)

    # --- eviction -------------------------------------------------------------------

    def answer_eviction(self, type_: ResourceType, request: Request, _user: User) -> Answer:
        """Delete the pod; raises StatusError 429 if a disruption budget does not allow it."""
        pod = self._registry.get(type_, request.namespace, request.name).object
        self._check_budgets(pod)
        options = (request.json().get("deleteOptions") or {}) if request.body.strip() else {}
        how = Deletion(grace=options.get("gracePeriodSeconds"))
        self._registry.delete(type_, request.namespace, request.name, how)
        return answer_json(SUCCESS, status=201)

    def _check_budgets(self, pod: JsonObject) -> None:
        budgets = self._registry.types.builtin("poddisruptionbudgets", "policy")
        labels = pod["metadata"].get("labels") or {}
        for stored in self._registry.items(budgets, pod["metadata"]["namespace"]):
            budget = stored.object
            wanted = ((budget.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
            if not wanted or any(labels.get(key) != value for key, value in wanted.items()):
                continue
            if not (budget.get("status") or {}).get("disruptionsAllowed"):
                text = "Cannot evict pod as it would violate the pod's disruption budget."
                raise StatusError(429, "TooManyRequests", text)


async def _pieces(log: AsyncGenerator[bytes]) -> AsyncGenerator[Lines]:
    async for piece in log:
        yield [piece]


def _find_container(pod: JsonObject, name: str) -> str:
    """Return the container whose log is requested; raises StatusError 400."""
    spec, pod_name = pod.get("spec") or {}, pod["metadata"]["name"]
    inits = [item["name"] for item in spec.get("initContainers") or ()]
    others = [item["name"] for item in spec.get("containers") or ()]
    if not name and len(others) == 1:
        return str(others[0])
    if not name:
        listed = " ".join(others)
        text = f"a container name must be specified for pod {pod_name}, choose one of: [{listed}]"
        more = f" or one of the init containers: [{' '.join(inits)}]" if inits else ""
        raise bad_request(text + more)
    if name not in {*inits, *others}:
        raise bad_request(f"container {name} is not valid for pod {pod_name}")
    return name
