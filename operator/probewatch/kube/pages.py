"""Lists in pages, each requested with the continue token of the one before.

The lists of a watch are read by `watch.listing`, which can make pages smaller or wait for them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import msgspec

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Requests metadata without spec and status; a server without support sends complete objects."""

Item = TypeVar("Item")


class ListMetadata(msgspec.Struct, rename="camel"):
    """`metadata` of a list."""

    resource_version: str = ""
    continue_: str | None = msgspec.field(name="continue", default=None)


class Page(msgspec.Struct, Generic[Item]):
    """A page of a list; in an empty list of metadata, `items` is null."""

    items: list[Item] | None
    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)


RawPage = Page[msgspec.Raw]
"""A page whose items are decoded one by one, so that only a broken one is lost."""


async def read_pages(
    ask: Callable[[Mapping[str, str]], Awaitable[Page[Item]]], params: Mapping[str, str]
) -> AsyncIterator[Page[Item]]:
    """Yield the pages of a list; raises what *ask* raises.

    *ask* requests a page. Its query parameters are *params*, with the limit of objects in a page,
    and the continue token.
    """
    asked = params
    while True:
        page = await ask(asked)
        token = page.metadata.continue_
        yield page
        if not token:
            return
        asked = {**params, "continue": token}
        del page  # free what may be many megabytes before the next page comes in
