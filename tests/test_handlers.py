"""What kopf calls hands everything on, and leaves kopf no more than it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.handlers import Memo, observe_policy
from probewatch.kube.access import Access
from probewatch.settings import Settings
from tests.support.probe_policies import policy_object

LARGE = 250_000


@dataclass
class Followers:
    """Those who follow policies."""

    taken: list[tuple[str | None, Mapping[str, object]]] = field(default_factory=list)

    async def served(self) -> bool:
        return True

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        self.taken.append((kind, raw))


async def test_kopf_keeps_no_more_of_a_policy_than_which_one_it_is() -> None:
    """Its memory holds the last body of each, for handlers that there are none of."""
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
