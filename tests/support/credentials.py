"""Credentials that a test hands to a login."""

from dataclasses import dataclass

from probewatch.kube.access import Access


@dataclass
class HeldCredentials:
    """Gives what it holds at the moment, whether it was refused or not."""

    access: Access

    async def read(self, *, refused: bool) -> Access:
        assert refused in {True, False}
        return self.access
