"""Lists in pages."""

from collections.abc import Mapping

import msgspec
import pytest

from probewatch.kube.pages import Page, read_pages

PAGES = msgspec.json.Decoder(Page[str])
ANSWERS = {
    "": b'{"metadata": {"continue": "a"}, "items": ["1", "2"]}',
    "a": b'{"metadata": {"continue": "b"}, "items": null}',
    "b": b'{"metadata": {"resourceVersion": "7"}, "items": ["3"]}',
}


async def test_pages_are_read_to_the_last() -> None:
    """Each page is requested by the token of the one before, with the same limit and selector."""
    asked: list[Mapping[str, str]] = []

    async def ask(params: Mapping[str, str]) -> Page[str]:
        asked.append(params)
        return PAGES.decode(ANSWERS[params.get("continue", "")])

    wanted = {"limit": "2", "labelSelector": "app=web"}
    found = [page.items async for page in read_pages(ask, wanted)]

    assert [["1", "2"], None, ["3"]] == found
    assert [wanted, {**wanted, "continue": "a"}, {**wanted, "continue": "b"}] == asked


def test_an_answer_without_items_is_no_page() -> None:
    """What something else than an API server sends is never taken for an empty cluster."""
    with pytest.raises(msgspec.ValidationError, match="items"):
        PAGES.decode(b'{"status": "ok"}')
