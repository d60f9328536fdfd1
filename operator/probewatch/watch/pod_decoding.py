"""Decoding of pods: no further than a glance, where an API server wrote them.

Whoever is told of such a pod decides whether it is to be read. All else goes the way of every
object: bookmarks, errors, and pods of a server that lays them out in another way.
"""

from collections.abc import Mapping
from typing import Any

from probewatch.kube.glance import Glance, glance
from probewatch.kube.raw_pod import RawPod
from probewatch.watch.decoding import CHANGES, Decoder, Page, Update, open_page

OBJECT = b',"object":{'

_TYPES: Mapping[bytes, str] = {b'{"type":"%b"' % kind.encode(): kind for kind in CHANGES}


class PodDecoder:
    """Decodes pods; its methods are those of `Decoder`, and raise what they raise."""

    def __init__(self) -> None:
        self._whole: Decoder[Any] = Decoder(RawPod)

    def page(self, body: bytes | bytearray) -> Page[Glance | RawPod]:
        """A page of a list."""
        page, items = open_page(body)
        for item in items:
            text = bytes(item)
            seen = glance(text, 0, len(text))
            if seen is None:
                self._whole.add(text, page)
            else:
                page.items.append(seen)
        return page

    def update(self, line: bytes) -> Update[Glance | RawPod]:
        """A line of a watch."""
        begin = line.find(OBJECT, 0, 32)
        kind = _TYPES.get(line[:begin])
        if kind is not None:
            seen = glance(line, begin + len(OBJECT) - 1, len(line) - 1)
            if seen is not None:
                return Update(kind, seen.resource_version, seen)
        return self._whole.update(line)
