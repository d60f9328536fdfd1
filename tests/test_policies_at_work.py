"""Policies in the whole operator: what is decided by them, and who may speak of them."""

from probewatch.core.model import PodUid
from probewatch.settings import Settings
from tests.parts import make_parts
from tests.policies import read_policy
from tests.test_policy_index import FakePod

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", lease_namespace="probewatch")


async def test_as_much_is_kept_of_a_pod_that_is_gone_as_its_policy_said() -> None:
    """The last restart of a pod is recorded after its end, and shortens nothing then."""
    parts = await make_parts(SETTINGS)
    recording, index = parts.recording, parts.policies.index
    assert recording is not None
    index.take(read_policy(spec={"historyLimit": 200}))
    index.policy_for(FakePod(uid=PodUid("gone")))

    assert 200 == recording.limit_for(PodUid("gone"))
    assert recording.limit_for(PodUid("never seen")) is None
