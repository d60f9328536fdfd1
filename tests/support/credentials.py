"""Fake credentials for a login."""

from dataclasses import dataclass

from probewatch.kube.access import Access


@dataclass
class HeldCredentials:
    """Returns the access it holds, refused or not."""

    access: Access

    async def read(self, *, refused: bool) -> Access:
        assert refused in {True, False}
        return self.access
