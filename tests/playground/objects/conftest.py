"""Fixtures: a registry with its controllers, and a kubelet that writes to it."""

import pytest

from probewatch.clock import Clock
from probewatch.playground.objects.kubelet import KubeletObjects
from probewatch.playground.objects.namespaces import NamespaceKeeper
from probewatch.playground.objects.owners import OwnerCollector
from probewatch.playground.objects.registry import Registry

START = 1_800_000_000.0


@pytest.fixture(name="registry")
def _registry() -> Registry:
    registry = Registry(Clock(now=lambda: START))
    OwnerCollector(registry)
    NamespaceKeeper(registry)
    return registry


@pytest.fixture(name="kubelet")
def _kubelet(registry: Registry) -> KubeletObjects:
    return KubeletObjects(registry)
