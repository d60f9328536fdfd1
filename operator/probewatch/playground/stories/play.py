"""Plays stories on a cluster: creates the pod, and changes it later if the story says so."""

import asyncio

from probewatch.playground.cluster import Cluster
from probewatch.playground.json_object import JsonObject
from probewatch.playground.stories.pods import OTHER_IMAGE, Story


def play_story(cluster: Cluster, story: Story, *, namespace: str = "default") -> None:
    """Create the story's pod, and schedule the change of its image, if it has one."""
    pods = cluster.registry.types.builtin("pods")
    manifest = story.manifest
    placed = {**manifest["metadata"], "namespace": namespace}
    cluster.registry.create(pods, {**manifest, "metadata": placed})
    if story.image_at is not None:
        seconds = story.image_at / cluster.options.speed
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, _change_image, cluster, namespace, story.name)


def _change_image(cluster: Cluster, namespace: str, name: str) -> None:
    pods = cluster.registry.types.builtin("pods")
    if cluster.registry.find(pods, namespace, name) is None:
        return  # it was deleted in the meantime

    def change(pod: JsonObject) -> JsonObject:
        containers = [{**item, "image": OTHER_IMAGE} for item in pod["spec"]["containers"]]
        return {**pod, "spec": {**pod["spec"], "containers": containers}}

    cluster.registry.change(pods, namespace, name, change)
