"""The errors of the API: `Status` objects, in the words of the real server."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from probewatch.playground.json_object import JsonObject

Cause = tuple[str, str]
"""A field and what is wrong with it."""


class StatusError(Exception):
    """An error response of the API; `body` is the Status object."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.headers = dict(headers or {})
        self.body: JsonObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }
        if not details:
            del self.body["details"]


def qualify(plural: str, group: str) -> str:
    """Return the resource as messages name it: `pods`, `deployments.apps`."""
    return f"{plural}.{group}" if group else plural


def _details(plural: str, group: str, name: str) -> JsonObject:
    found = {"name": name, "group": group, "kind": plural}
    return {key: value for key, value in found.items() if value}


def not_found(plural: str, group: str, name: str) -> StatusError:
    """Return the error for an object that does not exist."""
    message = f'{qualify(plural, group)} "{name}" not found'
    details = _details(plural, group, name)
    return StatusError(HTTPStatus.NOT_FOUND, "NotFound", message, details=details)


def already_exists(plural: str, group: str, name: str) -> StatusError:
    """Return the error for a name that is taken."""
    message = f'{qualify(plural, group)} "{name}" already exists'
    details = _details(plural, group, name)
    return StatusError(HTTPStatus.CONFLICT, "AlreadyExists", message, details=details)


def conflict(plural: str, group: str, name: str, why: str = "") -> StatusError:
    """Return the error for a precondition that fails; by default, the resourceVersion."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    message = f'Operation cannot be fulfilled on {qualify(plural, group)} "{name}": {why}'
    details = _details(plural, group, name)
    return StatusError(HTTPStatus.CONFLICT, "Conflict", message, details=details)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> StatusError:
    """Return the error for an invalid object; each cause is a field and what is wrong with it."""
    texts = [f"{field}: {text}" for field, text in causes]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{qualify(kind, group)} "{name}" is invalid: {listed}'
    details = _details(kind, group, name)
    details["causes"] = [
        {"reason": _cause_reason(text), "message": text, "field": field} for field, text in causes
    ]
    return StatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message, details=details)


def _cause_reason(text: str) -> str:
    head = text.partition(":")[0]
    known = {
        "Required value": "FieldValueRequired",
        "Unsupported value": "FieldValueNotSupported",
        "Forbidden": "FieldValueForbidden",
        "Duplicate value": "FieldValueDuplicate",
        "Too long": "FieldValueTooLong",
        "Too many": "FieldValueTooMany",
    }
    return known.get(head, "FieldValueInvalid")


def forbidden(plural: str, group: str, name: str, why: str) -> StatusError:
    """Return the error for what admission forbids, not for a missing right."""
    message = f'{qualify(plural, group)} "{name}" is forbidden: {why}'
    details = _details(plural, group, name)
    return StatusError(HTTPStatus.FORBIDDEN, "Forbidden", message, details=details)


def namespace_terminating(plural: str, group: str, name: str, namespace: str) -> StatusError:
    """Return the error for creating an object in a namespace that is being deleted."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    error = forbidden(plural, group, name, why)
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    error.body["details"]["causes"] = [cause]
    return error


def bad_request(message: str) -> StatusError:
    """Return the error for a malformed request."""
    return StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def expired(message: str) -> StatusError:
    """Return the error for a resourceVersion that is too old."""
    return StatusError(HTTPStatus.GONE, "Expired", message)
