"""The static advice on probes, as a table of pods."""

import pytest

from probewatch.core import advice
from probewatch.core.advice_names import MEANINGS, AdviceName
from probewatch.core.spec import (
    Container,
    HandlerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
    RestartRule,
)


def liveness(**overrides: object) -> Probe:
    return _probe(ProbeType.LIVENESS, **{"target": "http:8080/healthz", **overrides})


def readiness(**overrides: object) -> Probe:
    return _probe(ProbeType.READINESS, **{"target": "http:8080/ready", **overrides})


def startup(**overrides: object) -> Probe:
    return _probe(ProbeType.STARTUP, **{"target": "http:8080/healthz", **overrides})


def _probe(probe_type: ProbeType, **overrides: object) -> Probe:
    return Probe(probe_type=probe_type, handler=HandlerKind.HTTP_GET, **overrides)  # type: ignore[arg-type]  # table of keyword arguments


def names(spec: PodSpec) -> list[AdviceName]:
    return [item.finding for item in advice.lint(spec)]


def pod(
    *probes: Probe,
    policy: RestartPolicy = RestartPolicy.ALWAYS,
    grace: float = 30.0,
    own_policy: RestartPolicy | None = None,
    rules: bool = False,
    others: tuple[Container, ...] = (),
) -> PodSpec:
    found = {probe.probe_type: probe for probe in probes}
    container = Container(
        name="app",
        liveness=found.get(ProbeType.LIVENESS),
        readiness=found.get(ProbeType.READINESS),
        startup=found.get(ProbeType.STARTUP),
        restart_policy=own_policy,
        restart_rules=(RestartRule(action="Restart", operator="In", values=(1,)),) if rules else (),
    )
    return PodSpec(containers=(container, *others), restart_policy=policy, grace=grace)


def ruled(action: str) -> Container:
    """Another container of the pod, with a restart rule that has this action."""
    rule = RestartRule(action=action, operator="In", values=(1,))
    return Container(name="other", restart_rules=(rule,))


CASES = {
    "no probes": ([], pod()),
    "the API's defaults": ([], pod(liveness(), startup(), readiness(period=5))),
    "a timeout as long as the period": ([], pod(readiness(timeout=10))),
    "a timeout longer than the period": (
        [AdviceName.TIMEOUT_EXCEEDS_PERIOD],
        pod(readiness(timeout=11)),
    ),
    "liveness threshold 1": (
        [AdviceName.LIVENESS_SINGLE_FAILURE],
        pod(liveness(failure_threshold=1), startup()),
    ),
    "readiness threshold 1": ([], pod(readiness(failure_threshold=1))),
    "startup threshold 1": (
        [AdviceName.STARTUP_SINGLE_FAILURE],
        pod(startup(failure_threshold=1)),
    ),
    "same question, same patience": (
        [AdviceName.LIVENESS_SAME_AS_READINESS],
        pod(liveness(), readiness(target="http:8080/healthz")),
    ),
    "same question, more patience": (
        [],
        pod(liveness(failure_threshold=6), readiness(target="http:8080/healthz")),
    ),
    "unknown handlers are never the same": (
        [],
        pod(
            Probe(probe_type=ProbeType.LIVENESS),
            Probe(probe_type=ProbeType.READINESS),
        ),
    ),
    "killed before taken out of service": (
        [AdviceName.LIVENESS_BEFORE_READINESS],
        pod(liveness(period=5), readiness(), startup()),
    ),
    "killed when taken out of service": ([], pod(liveness(), readiness())),
    "13 seconds to start": (
        [AdviceName.SHORT_START_BUDGET],
        pod(liveness(initial_delay=3, period=5)),
    ),
    "15 seconds to start": ([], pod(liveness(initial_delay=5, period=5))),
    "a startup probe makes a short liveness budget harmless": (
        [],
        pod(liveness(period=1), startup()),
    ),
    "an initial delay of a minute": (
        [AdviceName.LONG_INITIAL_DELAY],
        pod(liveness(initial_delay=60)),
    ),
    "a long delay with a startup probe": ([], pod(liveness(initial_delay=60), startup())),
    "the pod's grace is longer than detection": (
        [AdviceName.GRACE_EXCEEDS_DETECTION],
        pod(liveness(), grace=31.0),
    ),
    "the default grace is never too long": ([], pod(liveness(initial_delay=9, period=5))),
    "the probe's own grace counts": ([], pod(liveness(grace=5.0), grace=3600.0)),
    "grace and readiness have nothing to do with each other": ([], pod(readiness(), grace=900.0)),
    "restart policy Never": (
        [AdviceName.KILL_WITHOUT_RESTART],
        pod(liveness(), policy=RestartPolicy.NEVER),
    ),
    "the container's own policy wins": (
        [],
        pod(liveness(), policy=RestartPolicy.NEVER, own_policy=RestartPolicy.ALWAYS),
    ),
    "restart rules may restart it all the same": (
        [],
        pod(liveness(), policy=RestartPolicy.NEVER, rules=True),
    ),
    "a rule of another container restarts it with all": (
        [],
        pod(liveness(), policy=RestartPolicy.NEVER, others=(ruled("RestartAllContainers"),)),
    ),
    "a rule of another container restarts that one alone": (
        [AdviceName.KILL_WITHOUT_RESTART],
        pod(liveness(), policy=RestartPolicy.NEVER, others=(ruled("Restart"),)),
    ),
    "the probe's own grace is longer than detection": (
        [AdviceName.GRACE_EXCEEDS_DETECTION],
        pod(liveness(grace=60.0)),
    ),
    "readiness never kills": ([], pod(readiness(), policy=RestartPolicy.NEVER)),
}


@pytest.mark.parametrize(("expected", "spec"), CASES.values(), ids=CASES)
def test_a_pod_gets_exactly_the_advice_it_deserves(
    expected: list[AdviceName], spec: PodSpec
) -> None:
    """Each pod gets the listed advice and no other."""
    assert expected == names(spec)


def test_advice_names_its_container_and_probe_and_says_the_numbers() -> None:
    """A message names container, probe and numbers: it needs no look at the manifest."""
    (item,) = advice.lint(pod(liveness(initial_delay=3, period=5)))

    assert ("app", ProbeType.LIVENESS) == (item.container, item.probe_type)
    assert "within 13 s of its start" in item.message


@pytest.mark.parametrize(
    ("spec", "expected", "absent"),
    [
        (pod(liveness(), grace=60.0), "set terminationGracePeriodSeconds in the probe", "lower"),
        (pod(liveness(grace=60.0)), "lower terminationGracePeriodSeconds in the probe", "set"),
        (pod(liveness(), grace=60.0), "is found within 31 s", "within 30 s"),
        (
            pod(liveness(failure_threshold=1), startup(), policy=RestartPolicy.NEVER),
            "kills the container at its first failure",
            "restarts",
        ),
        (pod(liveness(period=1)), "or may be killed", "or is killed"),
        (
            pod(startup(failure_threshold=1, initial_delay=5)),
            "the first run, which may come 5 s after its start",
            "the first run 5 s after",
        ),
    ],
    ids=["no grace of its own", "a grace of its own", "slow", "not restarted", "bound", "earliest"],
)
def test_advice_is_true_of_the_probe_it_is_about(spec: PodSpec, expected: str, absent: str) -> None:
    """A message calls a bound a bound, and does not ask to set a field that is already set."""
    text = advice.lint(spec)[0].message

    assert expected in text
    assert absent not in text


def test_every_name_has_a_meaning_and_a_case() -> None:
    """Each advice name has a documented meaning and a case that produces it."""
    observed = {AdviceName.PROBE_NEVER_KILLS, AdviceName.START_BUDGET_TOO_SMALL}
    shown = {name for expected, _ in CASES.values() for name in expected} | observed

    assert set(AdviceName) == set(MEANINGS)
    assert shown == set(AdviceName)


def test_budget_is_the_part_the_kubelet_guarantees() -> None:
    """The first run may follow the delay at once, so one period does not count."""
    assert 13.0 == liveness(initial_delay=3, period=5).start_budget


def test_detection_counts_slow_runs() -> None:
    """A run that takes longer than the period delays the next run until it has ended."""
    assert 5.0 + 2 * 8.0 + 8.0 == liveness(period=5, timeout=8).slowest_detection
