"""Decodes pods, only as far as a `Glance` where they have the layout of an API server.

The handler then decides whether to decode the rest. Bookmarks, errors, and pods with another
layout are decoded like all other objects.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.glance import Glance, glance
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.siblings import Siblings
from probewatch.watch.decoding import CHANGES, Decoder, Page, Update, open_page

OBJECT = b',"object":{'

FIRST_KEYS = 32
"""The key of the object begins within so many bytes of a line."""

SPACE = b'": '
"""API servers write no such space, but some JSON libraries do by default. Removing the spaces is
cheaper than decoding a pod with them."""

_TYPES: Mapping[bytes, str] = {b'{"type":"%b"' % kind.encode(): kind for kind in CHANGES}


class PodDecoder:
    """Decodes pods, with the methods of `Decoder`, which raise what those raise."""

    def __init__(self) -> None:
        self._whole: Decoder[Any] = Decoder(RawPod)
        self._siblings = Siblings()

    def page(self, body: bytes | bytearray) -> Page[Glance | RawPod]:
        """Decode a page of a list; broken items are left out and counted."""
        page, items = open_page(body)
        for item in items:
            text = bytes(item)
            if SPACE in text[:FIRST_KEYS]:
                text = _without_spaces(text)
            seen = glance(text, 0, len(text), self._siblings)
            if seen is None:
                self._whole.add(text, page)
            else:
                page.items.append(seen)
        return page

    def update(
        self, body: bytes, begin: int = 0, end: int | None = None
    ) -> Update[Glance | RawPod]:
        """Decode the line of a watch that is at *body*[*begin*:*end*]."""
        end = len(body) if end is None else end
        found = self._glance_at(body, begin, end)
        if found is None and SPACE in body[begin : begin + FIRST_KEYS]:
            text = _without_spaces(body[begin:end])
            found = self._glance_at(text, 0, len(text))
        return self._whole.update(body, begin, end) if found is None else found

    def _glance_at(self, body: bytes, begin: int, end: int) -> Update[Glance | RawPod] | None:
        """Return the update of a line with a `Glance`; None if the line has another layout."""
        at = body.find(OBJECT, begin, begin + FIRST_KEYS)
        kind = _TYPES.get(body[begin:at])
        if kind is None:
            return None
        seen = glance(body, at + len(OBJECT) - 1, end - 1, self._siblings)
        return None if seen is None else Update(kind, seen.resource_version, seen)


def _without_spaces(text: bytes) -> bytes:
    """Return JSON without spaces between its tokens; what is no JSON is returned as it is."""
    try:
        return msgspec.json.format(text, indent=-1)
    except BROKEN:
        return text
