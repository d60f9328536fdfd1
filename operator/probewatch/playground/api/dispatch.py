"""Handles a request: authentication, impersonation, authorization, and the right handler."""

import logging
from collections.abc import Callable, Mapping

from probewatch.playground.api.answers import Answer, answer_error, answer_json, answer_text
from probewatch.playground.api.audit import Audit
from probewatch.playground.api.discovery import answer_discovery, no_such_path
from probewatch.playground.api.impersonation import impersonate
from probewatch.playground.api.objects import ObjectRequests
from probewatch.playground.api.requests import Request
from probewatch.playground.api.rights import Rights, action_of, denied
from probewatch.playground.api.users import Tokens, User
from probewatch.playground.objects.registry import Registry
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.types import ResourceType

_log = logging.getLogger(__name__)

Special = Callable[[ResourceType, Request, User], Answer]
"""Answers requests on one subresource, or reviews."""

HEALTH_PATHS = ("/healthz", "/livez", "/readyz")
STATUS_VERBS = {"get", "update", "patch"}


class Api:
    """Answers all requests to the API."""

    def __init__(
        self,
        registry: Registry,
        objects: ObjectRequests,
        *,
        tokens: Tokens,
        rights: Rights,
        specials: Mapping[tuple[str, str], Special],
        documents: Callable[[Request], Answer | None],
    ) -> None:
        self.audit = Audit()
        self.rights = rights
        self._registry = registry
        self._objects = objects
        self._tokens = tokens
        self._specials = specials
        """By resource (`pods`, `deployments.apps`) and subresource; `*` is any resource."""
        self._documents = documents

    def answer(self, request: Request) -> Answer:
        """Answer a request; errors become responses."""
        try:
            user = self._tokens.authenticate(request.headers.get("Authorization", ""))
            user = impersonate(user, request, self.rights)
            self._authorize(user, request)
            return self._answer(request, user)
        except StatusError as error:
            return answer_error(error)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A malformed body that no check has caught; the log has the traceback.
            _log.exception("A request could not be answered", extra={"path": request.path})
            return answer_error(StatusError(500, "InternalError", f"Internal error: {error!r}"))

    def _authorize(self, user: User, request: Request) -> None:
        action = action_of(request)
        permission = self.rights.find(user, action)
        self.audit.note(user, action, permission)
        if permission is None:
            raise denied(user, action)

    def _answer(self, request: Request, user: User) -> Answer:
        if not request.resource:
            return self._answer_path(request)
        type_ = self._registry.types.find(request.group, request.version, request.resource)
        if type_ is None:
            return Answer(status=404, body=b"404 page not found\n", content_type="text/plain")
        if not request.subresource and request.verb not in type_.verbs:
            raise _not_allowed()
        special = self._find_special(type_, request)
        if special:
            return special(type_, request, user)
        if request.subresource and request.subresource not in type_.subresources:
            raise no_such_path()
        if request.subresource and request.verb not in STATUS_VERBS:
            raise _not_allowed()
        return self._objects.answer(type_, request)

    def _find_special(self, type_: ResourceType, request: Request) -> Special | None:
        found = self._specials.get((type_.qualified, request.subresource))
        return found or self._specials.get(("*", request.subresource))

    def _answer_path(self, request: Request) -> Answer:
        if request.path.rstrip("/") in HEALTH_PATHS:
            return answer_text("ok")
        found = answer_discovery(self._registry.types, request) or self._documents(request)
        if found is not None:
            return found
        if request.path == "/":
            return answer_json({"paths": ["/api", "/apis", "/healthz", "/openapi/v3", "/version"]})
        raise no_such_path()


def _not_allowed() -> StatusError:
    text = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", text)
