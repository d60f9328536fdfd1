"""(a): the smallest kopf operator for pods, with one handler that does nothing."""

import kopf

from tests.bench.gate import run, wait_for_start


@kopf.on.event("pods")
def see(**_: object) -> None:
    """Take an update and do nothing."""


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    """Default settings, without what would need more of the server than listing pods."""
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True


async def main(server: str) -> None:
    """Run until killed."""

    @kopf.on.login()
    def log_in(**_: object) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=server)

    await kopf.operator(clusterwide=True)


if __name__ == "__main__":
    run(main(wait_for_start()))
