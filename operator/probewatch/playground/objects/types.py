"""Resource types: what the API serves, and under which names."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from probewatch.playground.objects.status import qualify

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One resource in one version, such as `pods` or `deployments.apps`."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    """`status`, `scale`, and those with handlers of their own."""
    verbs: tuple[str, ...] = ALL_VERBS
    """The verbs that its objects support."""
    storage: str = ""
    """Where its objects are stored; resources with the same storage serve the same objects."""
    singular: str = ""
    unconditional: bool = True
    """Whether an update may leave out the resourceVersion."""
    creates_on_update: bool = False
    """Whether an update creates an object that does not exist."""
    counts_generations: bool = False
    """Whether a change of the spec raises `metadata.generation`."""
    custom: bool = False
    """Whether a CustomResourceDefinition defines it."""
    selectable: tuple[str, ...] = ()
    """Fields of a custom resource that field selectors may name."""
    definition: str = ""
    """The name of its CustomResourceDefinition."""

    @property
    def group_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_review(self) -> bool:
        """Whether its objects are reviews, which are answered and not stored."""
        return self.verbs == ("create",)

    @property
    def qualified(self) -> str:
        """The resource as messages name it: `deployments.apps`."""
        return qualify(self.plural, self.group)

    @property
    def store(self) -> str:
        """The name of its storage."""
        return self.storage or self.qualified

    @property
    def list_kind(self) -> str:
        """The kind of a list of its objects."""
        return f"{self.kind}List"

    @property
    def has_status(self) -> bool:
        """Whether the status is a subresource, written separately."""
        return "status" in self.subresources


class Types:
    """The resources that are served; CustomResourceDefinitions add and remove some."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self._by_place: dict[tuple[str, str, str], ResourceType] = {}
        self.on_change: list[Callable[[], None]] = []
        for item in types:
            self.add(item)

    def add(self, type_: ResourceType) -> None:
        """Start serving a resource."""
        self._by_place[type_.group, type_.version, type_.plural] = type_
        for call in self.on_change:
            call()

    def discard(self, definition: str) -> None:
        """Stop serving the resources of a CustomResourceDefinition."""
        gone = [place for place, item in self._by_place.items() if item.definition == definition]
        for place in gone:
            del self._by_place[place]
        for call in self.on_change:
            call()

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """Return the resource by group, version and plural name; None if it is not served."""
        return self._by_place.get((group, version, plural))

    def by_kind(self, group: str, kind: str) -> ResourceType | None:
        """Return a resource with objects of that kind, None if there is none."""
        found = (item for item in self if item.group == group and item.kind == kind)
        return next(found, None)

    def by_storage(self, storage: str) -> ResourceType | None:
        """Return a resource whose objects are in that storage, None if there is none."""
        return next((item for item in self if item.store == storage), None)

    def builtin(self, plural: str, group: str = "") -> ResourceType:
        """Return a built-in resource, which is always served."""
        return next(item for item in self if item.plural == plural and item.group == group)

    def __iter__(self) -> Iterator[ResourceType]:
        """Iterate over all resources."""
        return iter(tuple(self._by_place.values()))
