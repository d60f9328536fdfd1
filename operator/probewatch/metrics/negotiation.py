"""What a scraper wants to be given: which format, and whether compressed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """The two formats of exposition."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One way to write the answer; equal ones share one rendering."""

    open_metrics: bool = False
    gzip: bool = False

    @property
    def content_type(self) -> str:
        """The answer's `Content-Type`."""
        return MediaType.OPEN_METRICS if self.open_metrics else MediaType.TEXT


def negotiate(accept: str, accept_encoding: str) -> Wanted:
    """Return what two request headers ask for: plain text where they do not say.

    OpenMetrics and gzip are only given to those who ask for them by name.
    """
    types = dict(_parse(accept))
    plain = max(types.get(each, 0.0) for each in ("text/plain", "text/*", "*/*"))
    open_metrics = types.get("application/openmetrics-text", 0.0)
    return Wanted(
        open_metrics=open_metrics > 0 and open_metrics >= plain,
        gzip=dict(_parse(accept_encoding)).get("gzip", 0.0) > 0,
    )


def _parse(header: str) -> Iterator[tuple[str, float]]:
    """Yield each choice with its weight; the lowest first, so that the highest stays."""
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
