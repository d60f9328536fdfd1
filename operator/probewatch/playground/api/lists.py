"""List requests: whole or in pages, current or at a version in the past."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from probewatch.playground.api.requests import Request
from probewatch.playground.api.selectors import Selector
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import StatusError, bad_request
from probewatch.playground.objects.store import Key, ObjectStore, Stored

LATEST = -1
"""The version in a continue token for an inconsistent list, which goes on with current objects."""
TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


class Token(msgspec.Struct):
    """A continue token: the version of the list, and the key after which it goes on."""

    rv: int
    start: tuple[str, str]
    v: str = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A list, or one page of it."""

    items: Sequence[Stored]
    version: int
    token: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> JsonObject:
        """The metadata of the list."""
        meta: JsonObject = {"resourceVersion": str(self.version)}
        if self.token:
            meta["continue"] = self.token
        if self.token and self.remaining is not None:
            meta["remainingItemCount"] = self.remaining
        return meta


def list_page(store: ObjectStore, selector: Selector, request: Request) -> Page:
    """Return the objects that the request lists.

    Raises StatusError: 400 or 422 for invalid options, 410 for a version that is too old, 504
    for one in the future.
    """
    token = request.query.get("continue", "")
    limit = request.number("limit") or 0
    if token:
        return _go_on(store, selector, request, token=token, limit=limit)
    version, exact = _find_version(store, request)
    if exact:
        items = store.items_at(selector.storage, version, selector.namespace)
    else:
        items = store.items(selector.storage, selector.namespace)
    if request.query.get("resourceVersion") == "0":
        limit = 0  # as served from the watch cache, which ignores the limit
    return _cut(items, selector, limit=limit, version=version if exact else store.version)


def _find_version(store: ObjectStore, request: Request) -> tuple[int, bool]:
    """Return the version of the list, and whether it has to be exactly that one."""
    text = request.query.get("resourceVersion", "")
    match = request.query.get("resourceVersionMatch", "")
    version = parse_version(text)
    if match and not text:
        text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise invalid_match(f"Forbidden: {text}")
    if match not in {"", "Exact", "NotOlderThan"}:
        text = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        raise invalid_match(text)
    if version == 0:
        if match == "Exact":
            text = 'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
            raise invalid_match(text)
        return store.version, False
    if version > store.version:
        raise too_large(version, store.version)
    exact = match == "Exact" or (not match and bool(request.number("limit")))
    return version, exact


def parse_version(text: str) -> int:
    """Return a resourceVersion as a number; 0 without one. Raises StatusError 400."""
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal():
        parsed = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f'resourceVersion: Invalid value: "{text}": {parsed}')
    return int(text)


def too_large(version: int, current: int) -> StatusError:
    """Return the error for a resourceVersion in the future."""
    text = f"Timeout: Too large resource version: {version}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return StatusError(504, "Timeout", text, details=details, headers={"Retry-After": "1"})


def invalid_match(text: str) -> StatusError:
    """Return the error for an invalid resourceVersionMatch of a list or a watch."""
    message = f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: {text}'
    return StatusError(422, "Invalid", message)


def _go_on(
    store: ObjectStore, selector: Selector, request: Request, *, token: str, limit: int
) -> Page:
    if request.query.get("resourceVersion", "0") not in {"", "0"}:
        raise bad_request("specifying resource version is not allowed when using continue")
    place = _read_token(token)
    if place.rv == LATEST:
        items, version = store.items(selector.storage, selector.namespace), store.version
    else:
        items, version = _recall(store, selector, place), place.rv
    start = Key(*place.start)
    return _cut(
        [item for item in items if item.key > start], selector, limit=limit, version=version
    )


def _recall(store: ObjectStore, selector: Selector, place: Token) -> list[Stored]:
    try:
        return store.items_at(selector.storage, place.rv, selector.namespace)
    except StatusError as error:
        late = StatusError(410, "Expired", TOO_OLD)
        late.body["metadata"] = {"continue": _write_token(LATEST, Key(*place.start))}
        raise late from error


def _read_token(text: str) -> Token:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=Token)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error


def _write_token(version: int, start: Key) -> str:
    raw = msgspec.json.encode(Token(rv=version, start=(start.namespace, start.name)))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _cut(items: Sequence[Stored], selector: Selector, *, limit: int, version: int) -> Page:
    """Return the first *limit* of the items that match the selector, all if it is 0."""
    if selector:
        items = [item for item in items if selector.matches(item.object)]
    if not limit or len(items) <= limit:
        return Page(items=items, version=version)
    return Page(
        items=items[:limit],
        version=version,
        token=_write_token(version, items[limit - 1].key),
        remaining=None if selector else len(items) - limit,
    )
