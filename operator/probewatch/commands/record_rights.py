"""The rights that a recording needs, and the one that it can do without."""

import logging

from probewatch.kube.answers import ask
from probewatch.kube.api_paths import find_path
from probewatch.kube.client import ApiClient
from probewatch.kube.rights import may_i
from probewatch.service.watches import NODE_NAMESPACE
from probewatch.settings import Settings

_log = logging.getLogger(__name__)


async def check_rights(client: ApiClient, settings: Settings) -> None:
    """List one pod and one Event in each namespace, so that a missing right fails at once."""
    for namespace in settings.namespaces or (None,):
        params = {"labelSelector": settings.pod_selector} if settings.pod_selector else {}
        await ask(client, find_path("v1", "pods", namespace), {**params, "limit": "1"})
        await ask(client, find_path("v1", "events", namespace), {"limit": "1"})


async def may_watch_nodes(client: ApiClient) -> bool:
    """Tell whether Events about nodes can be recorded; who may view one namespace often cannot."""
    allowed = await may_i(client, "watch", "events", NODE_NAMESPACE)
    if allowed is False:
        _log.warning(
            "Events about nodes are not recorded, so a replay will not know of reboots: "
            "the right to watch events is missing",
            extra={"namespace": NODE_NAMESPACE},
        )
    return allowed is not False
