"""Content negotiation: which format a scraper wants, and whether compressed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """The two exposition formats."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The format of a response; requests with equal values share one rendering."""

    open_metrics: bool = False
    gzip: bool = False

    @property
    def content_type(self) -> str:
        """The `Content-Type` of the response."""
        return MediaType.OPEN_METRICS if self.open_metrics else MediaType.TEXT


def negotiate(accept: str, accept_encoding: str) -> Wanted:
    """Return the format for two request headers, uncompressed plain text by default.

    OpenMetrics and gzip are only used if they are requested by name.
    """
    types = dict(_parse(accept))
    plain = max(types.get(each, 0.0) for each in ("text/plain", "text/*", "*/*"))
    open_metrics = types.get("application/openmetrics-text", 0.0)
    return Wanted(
        open_metrics=open_metrics > 0 and open_metrics >= plain,
        gzip=dict(_parse(accept_encoding)).get("gzip", 0.0) > 0,
    )


def _parse(header: str) -> Iterator[tuple[str, float]]:
    """Yield each choice with its weight, ascending, so that in a dictionary the highest wins."""
    choices = []
    for choice in header.lower().split(","):
        name, *parameters = (part.strip() for part in choice.split(";"))
        choices.append((name, _weight(parameters)))
    yield from sorted(choices, key=lambda each: each[1])


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
