"""Tokens for service accounts."""

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.requests import Request
from probewatch.playground.api.users import DAY_SECONDS, Tokens, User, service_account
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.registry import Registry
from probewatch.playground.objects.status import bad_request, invalid
from probewatch.playground.objects.types import ResourceType

HOUR_SECONDS, SHORTEST_SECONDS = 3600, 600
AUDIENCE = "https://kubernetes.default.svc.cluster.local"


class Accounts:
    """Issues tokens for service accounts."""

    def __init__(self, registry: Registry, tokens: Tokens) -> None:
        self._registry = registry
        self._tokens = tokens

    def issue(self, namespace: str, name: str, *, seconds: float = DAY_SECONDS) -> str:
        """Return a token for a service account; raises StatusError 404 if there is none."""
        accounts = self._registry.types.builtin("serviceaccounts")
        found = self._registry.get(accounts, namespace, name)
        user = service_account(namespace, name, uid=found.object["metadata"]["uid"])
        return self._tokens.issue(user, seconds=seconds, audiences=(AUDIENCE,))

    def answer(self, type_: ResourceType, request: Request, _user: User) -> Answer:
        """Answer a TokenRequest; raises StatusError."""
        account = self._registry.get(type_, request.namespace, request.name).object
        spec = request.part("spec")
        seconds = spec.get("expirationSeconds") or HOUR_SECONDS
        if not isinstance(seconds, int) or not isinstance(spec.get("audiences") or [], list):
            raise bad_request("json: cannot unmarshal into Go struct field TokenRequestSpec")
        if seconds < SHORTEST_SECONDS:
            text = f"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
            cause = ("spec.expirationSeconds", text)
            raise invalid("TokenRequest", "authentication.k8s.io", request.name, [cause])
        audiences = tuple(spec.get("audiences") or (AUDIENCE,))
        user = service_account(request.namespace, request.name, uid=account["metadata"]["uid"])
        token = self._tokens.issue(user, seconds=seconds, audiences=audiences)
        until = render_time(self._registry.clock.now() + seconds)
        body = {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": request.name, "namespace": request.namespace},
            "spec": {**spec, "audiences": list(audiences), "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": until},
        }
        return answer_json(body, status=201)
