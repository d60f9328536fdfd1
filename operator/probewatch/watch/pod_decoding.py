"""Decoding of pods: no further than a glance, where an API server wrote them.

Whoever is told of such a pod decides whether it is to be read. All else goes the way of every
object: bookmarks, errors, and pods of a server that lays them out in another way.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from probewatch.kube.pods.glance import Glance, glance
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.siblings import Siblings
from probewatch.watch.decoding import BROKEN, CHANGES, Decoder, Page, Update, open_page

OBJECT = b',"object":{'

FIRST_KEYS = 32
"""Within so many bytes is the key of the object."""

SPACE = b'": '
"""What no API server writes, but who makes JSON with the defaults of some library. It is cheaper to
take the spaces out than to decode what has them."""

_TYPES: Mapping[bytes, str] = {b'{"type":"%b"' % kind.encode(): kind for kind in CHANGES}


class PodDecoder:
    """Decodes pods; its methods are those of `Decoder`, and raise what they raise."""

    def __init__(self) -> None:
        self._whole: Decoder[Any] = Decoder(RawPod)
        self._siblings = Siblings()

    def page(self, body: bytes | bytearray) -> Page[Glance | RawPod]:
        """A page of a list."""
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
        """A line of a watch, which is all of *body* or a part of it."""
        end = len(body) if end is None else end
        found = self._glance_at(body, begin, end)
        if found is None and SPACE in body[begin : begin + FIRST_KEYS]:
            text = _without_spaces(body[begin:end])
            found = self._glance_at(text, 0, len(text))
        return self._whole.update(body, begin, end) if found is None else found

    def _glance_at(self, body: bytes, begin: int, end: int) -> Update[Glance | RawPod] | None:
        """What a glance at a line tells; None if it is laid out in another way."""
        at = body.find(OBJECT, begin, begin + FIRST_KEYS)
        kind = _TYPES.get(body[begin:at])
        if kind is None:
            return None
        seen = glance(body, at + len(OBJECT) - 1, end - 1, self._siblings)
        return None if seen is None else Update(kind, seen.resource_version, seen)


def _without_spaces(text: bytes) -> bytes:
    """Return the same JSON without spaces between; what is none as it is."""
    try:
        return msgspec.json.format(text, indent=-1)
    except BROKEN:
        return text
