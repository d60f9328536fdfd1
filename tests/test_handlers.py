"""The handlers of kopf: they pass everything on, and leave little for kopf to keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.handlers import Memo, observe_policy
from probewatch.kube.access import Access
from probewatch.settings import Settings
from tests.support.probe_policies import policy_object

LARGE = 250_000


@dataclass
class Followers:
    """Records the policies that the handlers pass on."""

    taken: list[tuple[str | None, Mapping[str, object]]] = field(default_factory=list)

    async def served(self) -> bool:
        return True

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        self.taken.append((kind, raw))


async def test_kopf_keeps_no_more_of_a_policy_than_which_one_it_is() -> None:
    """Each body that kopf keeps in memory is reduced to what identifies the object."""
    followers, body = Followers(), policy_object(spec={"settleSeconds": 5})
    body["metadata"] |= {"annotations": {"note": "x" * LARGE}, "finalizers": ["keep"]}
    whole = {**body, "metadata": dict(body["metadata"])}
    memo = Memo(
        settings=Settings(),
        access=lambda: Access(where="", server=""),
        health=dict,
        policies=followers,
    )
    await observe_policy(memo, {"type": "MODIFIED", "object": body})  # type: ignore[typeddict-item]  # as JSON is

    assert [("MODIFIED", whole)] == followers.taken
    assert len(str(body)) < 1000
    assert [whole["metadata"][key] for key in ("uid", "finalizers")] == [
        body["metadata"][key] for key in ("uid", "finalizers")
    ]
