"""The decision table, case by case. Times are seconds on the node's clock."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import RULES, attribute
from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.evidence import FailureReason
from probewatch.core.facts import Facts
from probewatch.core.restarts import Change, Jump, Path
from probewatch.core.spec import Container, ContainerKind, ProbeType, RestartPolicy, RestartRule
from tests.support.builders import (
    LIVENESS,
    READINESS,
    STARTUP,
    counted,
    died,
    facts,
    failed,
    mark,
    past,
    spec,
    started,
)

L, S, R = ProbeType.LIVENESS, ProbeType.STARTUP, ProbeType.READINESS
OWN, PLACE = Path.TERMINATED_SEEN, Path.IN_PLACE
NO_PROBE = spec(Container(name="app", readiness=READINESS))
READY_TOO = spec(Container(name="app", liveness=LIVENESS, readiness=READINESS))
BOTH = spec(Container(name="app", liveness=LIVENESS, startup=STARTUP))
START_ONLY = spec(Container(name="app", startup=STARTUP))
BOTH_SLOW = spec(Container(name="app", liveness=LIVENESS, startup=STARTUP), grace=120.0)
HOOKED = spec(Container(name="app", liveness=LIVENESS, has_post_start=True))
PRE_STOP = spec(Container(name="app", liveness=LIVENESS, has_pre_stop=True))
HOOK_ONLY = spec(Container(name="app", has_post_start=True))
RULED = spec(
    Container(
        name="app",
        restart_policy=RestartPolicy.NEVER,
        restart_rules=(RestartRule(action="Restart", operator="In", values=(42,)),),
    ),
)
RULED_ALL = spec(
    Container(
        name="app",
        restart_policy=RestartPolicy.NEVER,
        restart_rules=(RestartRule(action="RestartAllContainers", operator="In", values=(42,)),),
    ),
)
ONFAIL = spec(
    Container(
        name="app",
        restart_policy=RestartPolicy.ON_FAILURE,
        restart_rules=(RestartRule(action="Restart", operator="NotIn", values=(1,)),),
    ),
)
SIDE = spec(Container(name="app", kind=ContainerKind.INIT))
LIVE_RULED = spec(
    Container(
        name="app",
        liveness=LIVENESS,
        restart_policy=RestartPolicy.NEVER,
        restart_rules=(RestartRule(action="Restart", operator="In", values=(42, 137)),),
    ),
)
RULED_READY = spec(replace(LIVE_RULED.containers[0], readiness=READINESS))
ONCE = spec(Container(name="app", liveness=replace(LIVENESS, failure_threshold=1)))
QUICK = spec(Container(name="app", liveness=replace(LIVENESS, period=1.0)))
PATIENT = spec(Container(name="app", liveness=replace(LIVENESS, grace=300.0)))
HURRIED = spec(Container(name="app", liveness=replace(LIVENESS, grace=10.0)))
NEVER = spec(restart_policy=RestartPolicy.NEVER)
NEVER_PRE_STOP = replace(PRE_STOP, restart_policy=RestartPolicy.NEVER)
NEVER_READY = spec(
    Container(name="app", liveness=LIVENESS, readiness=READINESS),
    restart_policy=RestartPolicy.NEVER,
)
TWO = spec(Container(name="app", liveness=LIVENESS), Container(name="b"))
SANDBOX = Change(sandbox=True)


def one_by_one(*times: float) -> tuple[Mark, ...]:
    """Failures of the liveness probe, each reported by an Event of its own."""
    return tuple(replace(failed(L, at, 1), series=f"at {at}") for at in times)


def anew(at: float) -> tuple[Mark, ...]:
    """Start Events of a kubelet that was itself restarted in between, so that counts begin anew."""
    return tuple(replace(each, series=f"{each.series} anew") for each in started(at))


CASES = {
    "v1 killed by liveness, SIGKILL": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(137, end=70), kills=(mark(K.KILL_LIVENESS, 40),), starts=started(71)),
    ),
    "v3 killed by liveness, exit 0": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(0), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "v4 sticky OOM flag with 143": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(143, end=42, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "v5 OOM flag at the end of the grace": (
        "LivenessProbe High kill-event-probe",
        facts(died(137, end=70, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "v6 OOM within the grace": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, end=45, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "OOM flag a second before the end of the grace": (
        "LivenessProbe High kill-event-probe",
        facts(died(137, end=69, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "OOM flag two seconds before the end of the grace": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, end=68, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "OOM flag at the end of the probe's own grace": (
        "LivenessProbe High kill-event-probe",
        facts(
            died(137, end=49, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),), pod=HURRIED
        ),
    ),
    "OOM flag before the end of the probe's own grace": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(137, end=48, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),), pod=HURRIED
        ),
    ),
    "killed at the longest": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(143, end=80), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill that the runtime was slow with": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(143, end=81), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill that the runtime was slow with, replaced in place": (
        "LivenessProbe High kill-event-probe",
        facts(died(137, end=200), path=PLACE, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "an end long after the grace period, and not by SIGKILL": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(143, end=200), path=PLACE, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "an end in its own way after a kill, and the next kubelet announced its start": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(1, end=60),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=(*started(0), *anew(61)),
            pod=PRE_STOP,
        ),
    ),
    "SIGKILL before the grace period was over, and the next kubelet announced its start": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(137, end=68),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=(*started(0), *anew(69)),
            pod=PRE_STOP,
        ),
    ),
    "SIGKILL when the grace period was over, and the next kubelet announced its start": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(137, end=69),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=(*started(0), *anew(70)),
            pod=PRE_STOP,
        ),
    ),
    "an end by SIGTERM after a kill, and the next kubelet announced its start": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(143, end=60),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=(*started(0), *anew(61)),
            pod=PRE_STOP,
        ),
    ),
    "an end in its own way after a kill without a hook, and the next kubelet announced its start": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(1, end=60),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=(*started(0), *anew(61)),
        ),
    ),
    "a slow kill, out of memory in the end": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(137, end=200, reason="OOMKilled"), path=PLACE, kills=(mark(K.KILL_LIVENESS, 40),)
        ),
    ),
    "a kill too long before": (
        "Unknown Low unknown",
        facts(died(143, end=201), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "another kill too long before": (
        "Unknown Low unknown",
        facts(died(143, end=81), kills=(mark(K.KILL_SPEC_CHANGE, 40),)),
    ),
    "a kill in its first second is of the one before": (
        "Unknown Low unknown",
        facts(died(143, start=40.0), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill before it began": (
        "Unknown Low unknown",
        facts(died(143, start=41.0, end=42.0), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill that another restart has used": (
        "Unknown Low unknown",
        facts(
            died(143),
            kills=(mark(K.KILL_LIVENESS, 40),),
            used=frozenset({(str(K.KILL_LIVENESS), 1)}),
        ),
    ),
    "all restarted just as the next one began": (
        "Unknown Low unknown",
        facts(died(137), kills=(mark(K.KILL_RESTART_ALL, 41),), next_start=41.0),
    ),
    "all restarted before the next one began": (
        "RestartRule Confirmed kill-event-other",
        facts(died(137), kills=(mark(K.KILL_RESTART_ALL, 40),), next_start=41.0),
    ),
    "the nearest of two kills": (
        "StartupProbe Confirmed kill-event-probe",
        facts(died(143), kills=(mark(K.KILL_STARTUP, 40), mark(K.KILL_LIVENESS, 30)), pod=BOTH),
    ),
    "a kill within the grace before the next start of a vanished one": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 60),), next_start=100.0),
    ),
    "a kill longer ago": (
        "Unknown Low unknown",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 59),), next_start=100.0),
    ),
    "a kill just as the next one started": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 100),), next_start=100.0),
    ),
    "a kill after the next one started": (
        "Unknown Low unknown",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 101),), next_start=100.0),
    ),
    "a vanished one of which no next is seen": (
        "Unknown Low unknown",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 60),)),
    ),
    "like one that was not sure": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 143, 41, Confidence.MEDIUM),)),
    ),
    "like two that were not sure": (
        "LivenessProbe Medium regular",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 143, 41, Confidence.MEDIUM),) * 2),
    ),
    "like two of which nothing is known": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.UNKNOWN, 143, 41, Confidence.LOW),) * 2),
    ),
    "like two that disagree": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 143, 41), past(Cause.SIGNAL, 143, 41))),
    ),
    "just as long as one before": (
        "LivenessProbe Medium regular",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 143, 51),)),
    ),
    "not as long as one before": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 143, 51.5),)),
    ),
    "of another code than one before": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.LIVENESS_PROBE, 137, 41),)),
    ),
    "of an unknown length": (
        "Unknown Low unknown",
        facts(died(143, None, 41.0), past=(past(Cause.LIVENESS_PROBE, 143, 41),)),
    ),
    "like reboots before": (
        "Unknown Low unknown",
        facts(died(143), past=(past(Cause.NODE_REBOOT, 143, 41),)),
    ),
    "v7 OOM with a canary": (
        "OOMKilled High out-of-memory",
        facts(
            died(137, end=900, reason="OOMKilled"),
            failures=(failed(L, 880, 1),),
            starts=started(905),
            path=OWN,
        ),
    ),
    "v8 no probe, exit 1": (
        "Error Confirmed start-canary",
        facts(died(1, end=12), pod=NO_PROBE, starts=started(13)),
    ),
    "v9 crash while failing": (
        "Error Confirmed start-canary",
        facts(died(1, end=200), failures=(failed(L, 198, 2),), starts=started(201), path=OWN),
    ),
    "v10 no probe, exit 0": ("Completed Medium no-probe", facts(died(0, end=60), pod=NO_PROBE)),
    "v11 killed by startup": (
        "StartupProbe Confirmed kill-event-probe",
        facts(died(137, end=328), kills=(mark(K.KILL_STARTUP, 298),), pod=START_ONLY),
    ),
    "v12 never started, nothing delivered": (
        "StartupProbe Medium never-started",
        facts(died(143, end=28), pod=START_ONLY, was_started=False),
    ),
    "nobody knows whether it started": (
        "Unknown Low unknown",
        facts(died(143, end=28), pod=START_ONLY),
    ),
    "v13 Killing dropped, Unhealthy delivered": (
        "LivenessProbe High threshold-reached",
        facts(died(137, end=70), failures=(failed(L, 40, 3),)),
    ),
    "v14 like earlier kills": (
        "LivenessProbe Medium regular",
        facts(died(137, end=70), past=(past(Cause.LIVENESS_PROBE, 137, 68),)),
    ),
    "v15 repaired by a later count": (
        "LivenessProbe High count-repair",
        facts(died(137, end=70), repaired=K.KILL_LIVENESS),
    ),
    "v15b repaired though never observed": (
        "LivenessProbe Medium count-repair",
        facts(None, repaired=K.KILL_LIVENESS),
    ),
    "v16 SIGKILL from outside, with a canary": (
        "Signal High start-canary",
        facts(died(137, end=5000), starts=started(5001), path=OWN),
    ),
    "v17 SIGTERM from outside": (
        "Signal High start-canary",
        facts(died(143, end=800), pod=NO_PROBE, starts=started(801)),
    ),
    "v18 died before the kill": (
        "Error High died-before-kill",
        facts(
            died(1, end=39),
            failures=(failed(L, 38, 3),),
            kills=(mark(K.KILL_LIVENESS, 42),),
            next_start=50.0,
        ),
    ),
    "a kill after the end, or of the next one that was not seen to run": (
        "Error Medium own-exit",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 42),)),
    ),
    "the kill came a second after it was seen to end": (
        "Error High died-before-kill",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40),), path=OWN),
    ),
    "its hook failed by the status alone, and the whole grace was used up": (
        "PostStartHook High post-start-hook",
        facts(died(137), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "its hook failed by the status alone, and it was killed for memory": (
        "OOMKilled Medium out-of-memory",
        facts(died(137, reason="OOMKilled"), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "a hook may have failed in an instance without times": (
        "Unknown Low unknown",
        facts(died(137, None, None), pod=HOOKED, others=(mark(K.POST_START_FAILED, 3),)),
    ),
    "a hook that failed a grace before the end": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(), pod=HOOKED, others=(mark(K.POST_START_FAILED, 1),)),
    ),
    "a hook that failed long before the end": (
        "Unknown Low unknown",
        facts(died(), pod=HOOKED, others=(mark(K.POST_START_FAILED, 0.5),)),
    ),
    "the hook of the next instance failed": (
        "Unknown Low unknown",
        facts(died(), pod=HOOKED, others=(mark(K.POST_START_FAILED, 41),), next_start=41.0),
    ),
    "the kill came in the second in which it was seen to end": (
        "Unknown Low kill-event-probe",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 39),), path=OWN),
    ),
    "seen to end by SIGKILL before the grace period was over": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, end=66), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN),
    ),
    "seen to end by SIGKILL when the grace period was over": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(137, end=67), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN),
    ),
    "seen to end by SIGKILL before the probe's own grace period was over": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(137, end=336), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN, pod=PATIENT),
    ),
    "seen to end by SIGKILL when the probe's own grace period was over": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(137, end=47), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN, pod=HURRIED),
    ),
    "seen to end by SIGTERM after the kill": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(143, end=39), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN),
    ),
    "seen to end with 0 after the kill": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(0, end=39), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN, pod=PRE_STOP),
    ),
    "seen to end with 0 after the kill, without a hook before the signal": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(0, end=39), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN),
    ),
    "seen to end with 0 in the second of the kill, while its probe timed out": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(0, end=39),
            kills=(mark(K.KILL_LIVENESS, 39),),
            path=OWN,
            failures=(replace(failed(L, 39, 3), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "seen to end by SIGTERM in the second of the kill": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(143, end=39), kills=(mark(K.KILL_LIVENESS, 39),), path=OWN),
    ),
    "seen to end in its own way after the kill, with policy Never": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 38),), path=OWN, pod=NEVER_PRE_STOP),
    ),
    "the kill is said a second after an end in place": (
        "Error Medium died-before-kill",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40),), path=PLACE),
    ),
    "a kill that may be repeated is said a second after an end in place": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40, fresh=2),), path=PLACE),
    ),
    "the kill is said a second after an end in place whose exit code is not known": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(-1, end=39), kills=(mark(K.KILL_LIVENESS, 40),), path=PLACE),
    ),
    "the kill is said a second after an end in place by a signal that the kubelet sends": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(137, end=39), kills=(mark(K.KILL_LIVENESS, 40),), path=PLACE),
    ),
    "the kill is known better than the end of the same second": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 39.9),), path=PLACE),
    ),
    "the kill is said a second after an end in place, and then the next start": (
        "LivenessProbe Medium replaced-in-place",
        facts(
            died(143, end=39),
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=started(41),
            path=PLACE,
            next_start=41.0,
        ),
    ),
    "the kill is said two seconds after an end in place, and failures before it": (
        "Error Medium died-before-kill",
        facts(
            died(1, end=39),
            failures=(failed(L, 38, 3),),
            kills=(mark(K.KILL_LIVENESS, 41),),
            path=PLACE,
            next_start=42.0,
        ),
    ),
    "the kill is said three seconds after an end in place": (
        "Error High died-before-kill",
        facts(
            died(1, end=39),
            failures=(failed(L, 38, 3),),
            kills=(mark(K.KILL_LIVENESS, 42),),
            path=PLACE,
            next_start=43.0,
        ),
    ),
    "a late kill of a series that was joined half-way": (
        "Error Medium died-before-kill",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40, count=4),), path=OWN),
    ),
    "the kill is said a second after an end that nobody saw": (
        "Error High died-before-kill",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "the second of two kills is said after the end": (
        "Error Medium died-before-kill",
        facts(died(1, end=39), kills=(mark(K.KILL_LIVENESS, 40, fresh=2),)),
    ),
    "a startup kill, and a failure of the liveness probe after it": (
        "StartupProbe Medium kill-event-probe",
        facts(
            died(143, end=113),
            kills=(mark(K.KILL_STARTUP, 40),),
            failures=(failed(L, 101, 2),),
            pod=BOTH_SLOW,
        ),
    ),
    "a startup kill, and a failure of the startup probe after it": (
        "StartupProbe Confirmed kill-event-probe",
        facts(
            died(143, end=113),
            kills=(mark(K.KILL_STARTUP, 40),),
            failures=(failed(S, 101, 2),),
            pod=BOTH_SLOW,
        ),
    ),
    "a startup kill, and a failure of the liveness probe of the next instance": (
        "StartupProbe Confirmed kill-event-probe",
        facts(
            died(143, end=113),
            kills=(mark(K.KILL_STARTUP, 40),),
            failures=(failed(L, 120, 2),),
            pod=BOTH_SLOW,
        ),
    ),
    "a liveness kill, and failures while it stops": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(143, end=113),
            kills=(mark(K.KILL_LIVENESS, 40),),
            failures=(failed(L, 101, 2),),
            pod=BOTH_SLOW,
        ),
    ),
    "a later count, and the code of a crash": (
        "LivenessProbe Medium count-repair",
        facts(died(139), path=PLACE, repaired=K.KILL_LIVENESS),
    ),
    "a later count, and an image that was changed": (
        "LivenessProbe Medium count-repair",
        facts(died(0), repaired=K.KILL_LIVENESS, change=Change(image=True)),
    ),
    "v20 no evidence for this container": ("Unknown Low unknown", facts(died(137, end=70))),
    "v22 an old Event": (
        "Error Confirmed start-canary",
        facts(
            died(1, start=1000, end=1500),
            kills=(mark(K.KILL_LIVENESS, 900),),
            starts=started(1501),
            path=OWN,
        ),
    ),
    "v28 node reboot": (
        "NodeReboot Confirmed node-reboot",
        facts(died(255, reason="Unknown"), pod_others=(mark(K.NODE_REBOOTED, 60),)),
    ),
    "v28b many pods of the node at once": (
        "NodeReboot High node-reboot",
        facts(died(255, reason="Unknown"), pod_others=(mark(K.NODE_LOST_CONTAINERS, 60),)),
    ),
    "a reboot long ago explains nothing": (
        "NodeReboot Medium lost",
        facts(died(255, reason="Unknown", end=9000.0), pod_others=(mark(K.NODE_REBOOTED, 60),)),
    ),
    "v29 vanished, new sandbox": (
        "SandboxRecreated High sandbox",
        facts(
            died(137, None, None, reason="ContainerStatusUnknown"),
            all_restarted=True,
            pod_others=(mark(K.SANDBOX_CHANGED, 60),),
        ),
    ),
    "vanished, and shown dead before the kubelet acted": (
        "SandboxRecreated High sandbox",
        facts(
            died(137, None, None, reason="ContainerStatusUnknown"),
            all_restarted=True,
            pod_others=(mark(K.SANDBOX_CHANGED, 60),),
            path=OWN,
        ),
    ),
    "lost by CRI-O with its sandbox, shown dead before the kubelet acted": (
        "NodeReboot Medium lost",
        facts(died(255), change=SANDBOX, all_restarted=True, path=OWN),
    ),
    "lost by CRI-O, which knows no exit code": (
        "NodeReboot Medium lost",
        facts(died(-1), change=SANDBOX, all_restarted=True, path=OWN),
    ),
    "a new sandbox, said while another container ran on": (
        "Unknown Low unknown",
        facts(died(137), pod_others=(mark(K.SANDBOX_CHANGED, 40),)),
    ),
    "v31 sandbox died": (
        "SandboxRecreated High sandbox",
        facts(
            died(137),
            kills=(mark(K.KILL_STOP, 40),),
            change=SANDBOX,
            pod_others=(mark(K.SANDBOX_CHANGED, 40),),
        ),
    ),
    "stopped, and then there was a new sandbox": (
        "SandboxRecreated Medium sandbox",
        facts(died(137), kills=(mark(K.KILL_STOP, 40),), change=SANDBOX),
    ),
    "sandbox without a termination": (
        "SandboxRecreated Medium sandbox",
        facts(None, change=SANDBOX, all_restarted=True),
    ),
    "an init container ran again": (
        "SandboxRecreated Medium init-again",
        facts(None, change=SANDBOX, pod=SIDE),
    ),
    "an init container ran again with all": (
        "RestartRule High init-again",
        facts(died(0), change=Change(restarting_all=True), pod=SIDE, path=OWN),
    ),
    "an init container ran again after a reboot": (
        "NodeReboot High init-again",
        facts(
            died(0, end=5.0), pod=SIDE, pod_others=(mark(K.NODE_REBOOTED, 9000),), next_start=9005.0
        ),
    ),
    "an init container ran again with containers lost": (
        "NodeReboot Medium init-again",
        facts(died(0), change=Change(lost=True), pod=SIDE),
    ),
    "an init container failed unseen": ("Unknown Low init-again", facts(None, pod=SIDE)),
    "v34 image changed": (
        "SpecChange Confirmed kill-event-other",
        facts(died(143, end=50), kills=(mark(K.KILL_SPEC_CHANGE, 49),)),
    ),
    "image changed, event dropped": (
        "SpecChange Medium changed-in-place",
        facts(died(), path=PLACE, change=Change(image=True)),
    ),
    "image changed, event dropped, under a flag of a child that was killed for memory": (
        "SpecChange Medium changed-in-place",
        facts(died(137, reason="OOMKilled"), path=PLACE, change=Change(image=True)),
    ),
    "resized, event dropped, under a flag of a child that was killed for memory": (
        "Resize Medium changed-in-place",
        facts(died(137, reason="OOMKilled"), path=PLACE, change=Change(resources=True)),
    ),
    "a new sandbox, said in the second in which the instance began": (
        "Error Low own-exit",
        facts(
            died(1, end=30.0),
            all_restarted=True,
            pod_others=(mark(K.SANDBOX_CHANGED, 0),),
        ),
    ),
    "resized, event dropped": (
        "Resize Medium changed-in-place",
        facts(died(), path=PLACE, change=Change(resources=True)),
    ),
    "v35 resize": (
        "Resize Confirmed kill-event-other",
        facts(died(137, end=80), kills=(mark(K.KILL_RESIZE, 50),)),
    ),
    "lost by the runtime while the kubelet killed it for its resources": (
        "NodeReboot Medium lost",
        facts(died(255, reason="Unknown", end=80), kills=(mark(K.KILL_RESIZE, 50),)),
    ),
    "v36 hook failed": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "hook failed, only the warning delivered": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(), pod=HOOKED, others=(mark(K.POST_START_FAILED, 41),)),
    ),
    "a hook that did not fail": ("Unknown Low unknown", facts(died(), pod=HOOKED)),
    "v37 victim of a restart of all": (
        "RestartRule Confirmed restart-all",
        facts(died(137, None, None, reason="RestartingAllContainers")),
    ),
    "v37 killed for a restart of all": (
        "RestartRule Confirmed kill-event-other",
        facts(died(137, None, None), kills=(mark(K.KILL_RESTART_ALL, 60),), next_start=61.0),
    ),
    "a vanished container without a kill": (
        "Unknown Low unknown",
        facts(died(137, None, None), kills=(mark(K.KILL_LIVENESS, 5),), next_start=100.0),
    ),
    "a restart rule decided": (
        "RestartRule High restart-rule",
        facts(died(42), pod=RULED, path=OWN),
    ),
    "no restart rule matches": ("Error High terminated-seen", facts(died(7), pod=RULED, path=OWN)),
    "the policy would have restarted it anyway": (
        "Error High terminated-seen",
        facts(died(7), pod=ONFAIL, path=OWN),
    ),
    "the policy would not have restarted it": (
        "RestartRule High restart-rule",
        facts(died(0), pod=ONFAIL, path=OWN),
    ),
    "v40 unobserved": ("Unobserved Low unobserved", facts(None)),
    "unseen, with as many kills": (
        "LivenessProbe Medium unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=2, unseen=1, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "unseen, with a change of the image": (
        "SpecChange Medium unobserved",
        facts(
            None,
            kills=(mark(K.KILL_SPEC_CHANGE, 40),),
            jump=Jump(size=2, unseen=1, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "the second unseen, of two different kills": (
        "StartupProbe Medium unobserved",
        facts(
            None,
            kills=(mark(K.KILL_STARTUP, 50), mark(K.KILL_LIVENESS, 40)),
            jump=Jump(size=3, unseen=2, place=2, since=1.0),
            latest=60.0,
        ),
    ),
    "the first unseen, of two different kills": (
        "LivenessProbe Medium unobserved",
        facts(
            None,
            kills=(mark(K.KILL_STARTUP, 50), mark(K.KILL_LIVENESS, 40)),
            jump=Jump(size=3, unseen=2, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "unseen, with a kill of the one before": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=2, unseen=1, place=1, since=40.0),
            latest=60.0,
        ),
    ),
    "unseen, with a kill of the one after": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 60),),
            jump=Jump(size=2, unseen=1, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "unseen, and nobody knows since when": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=2, unseen=1, place=1),
            latest=60.0,
        ),
    ),
    "unseen, and nobody knows until when": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=2, unseen=1, place=1, since=1.0),
        ),
    ),
    "the newest of a jump, without its end": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=2, unseen=1, place=0, since=1.0),
            latest=60.0,
        ),
    ),
    "unseen, stopped with the whole pod": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_STOP, 40),),
            jump=Jump(size=2, unseen=1, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "unseen, with too few kills": (
        "Unobserved Low unobserved",
        facts(
            None,
            kills=(mark(K.KILL_LIVENESS, 40),),
            jump=Jump(size=3, unseen=2, place=1, since=1.0),
            latest=60.0,
        ),
    ),
    "a command that another runtime cannot run": (
        "StartError Confirmed start-error",
        facts(died(127, None, 5.0, reason="ContainerCannotRun")),
    ),
    "a kill may come before the rule, whatever was announced": (
        "Unknown Low unknown",
        facts(died(137), pod=LIVE_RULED, path=OWN, starts=started(42)),
    ),
    "a rule follows an exit that a kill may leave too": (
        "RestartRule Medium restart-rule",
        facts(died(42), pod=LIVE_RULED, path=OWN),
    ),
    "a rule follows failures up to the threshold": (
        "LivenessProbe High threshold-reached",
        facts(died(143), pod=LIVE_RULED, path=OWN, failures=(failed(L, 40, 3),)),
    ),
    "a rule, and a status that came late": (
        "RestartRule Medium no-probe",
        facts(died(42), pod=RULED, path=PLACE),
    ),
    "announced, but not seen dead": (
        "Error Medium start-canary",
        facts(died(1), starts=started(42, fresh=1)),
    ),
    "announced with a gap in the counts": (
        "Error Medium own-exit",
        facts(died(1), starts=started(42, fresh=2)),
    ),
    "announced in part": (
        "Error Medium own-exit",
        facts(died(1), starts=started(42, fresh=1)[:2]),
    ),
    "announced in part, and seen dead": (
        "Error Confirmed start-canary",
        facts(died(1), starts=started(42)[:2], path=OWN),
    ),
    "announced once, and seen dead": (
        "Error Medium terminated-seen",
        facts(died(1), starts=started(42)[:1], path=OWN),
    ),
    "announced, though the probe had failed": (
        "LivenessProbe High threshold-reached",
        facts(died(143), starts=started(42, fresh=1), failures=(failed(L, 40, 3),)),
    ),
    "announced, though its readiness probe had failed, for which nothing is killed": (
        "Error Medium start-canary",
        facts(
            died(1),
            starts=started(42, fresh=1),
            failures=(failed(R, 40, 3),),
            path=PLACE,
            pod=READY_TOO,
        ),
    ),
    "a rule matches, but the pod got a new sandbox": (
        "RestartRule Medium restart-rule",
        facts(died(42), pod=RULED, path=OWN, change=SANDBOX),
    ),
    "a kill that was counted, of what ends by itself and then fails its probe": (
        "LivenessProbe Medium count-repair",
        facts(died(1), path=PLACE, pod=ONCE, repaired=K.KILL_LIVENESS),
    ),
    "a kill that was counted, by a probe that needs one failure of what still runs": (
        "LivenessProbe High count-repair",
        facts(
            died(1),
            path=PLACE,
            pod=ONCE,
            repaired=K.KILL_LIVENESS,
            failures=(replace(failed(L, 40, 1), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "a kill that was counted, by a probe that its end refused, and SIGTERM": (
        "LivenessProbe Medium count-repair",
        facts(
            died(143),
            path=PLACE,
            pod=ONCE,
            repaired=K.KILL_LIVENESS,
            failures=(replace(failed(L, 40, 1), failure=FailureReason.REFUSED),),
        ),
    ),
    "failures up to the threshold, and a crash": (
        "LivenessProbe Medium threshold-reached",
        facts(died(139), path=PLACE, failures=(failed(L, 39, 3),)),
    ),
    "a kill that was counted, by a probe that needs one failure, and SIGTERM": (
        "LivenessProbe High count-repair",
        facts(died(143), path=PLACE, pod=ONCE, repaired=K.KILL_LIVENESS),
    ),
    "a rule, though the readiness probe had failed": (
        "RestartRule Medium restart-rule",
        facts(died(42), path=OWN, failures=(failed(R, 40, 3),), pod=RULED_READY),
    ),
    "seen dead though the readiness probe had failed, with nothing that kills": (
        "Error High terminated-seen",
        facts(died(1), path=OWN, failures=(failed(R, 40, 3),), pod=NO_PROBE),
    ),
    "SIGKILL after OOM kills that look so, while it was not ready": (
        "OOMKilled Medium memory-again",
        facts(
            died(137),
            path=OWN,
            past=(past(Cause.OOM_KILLED, 137, 41),),
            failures=(failed(R, 40, 3),),
            pod=READY_TOO,
        ),
    ),
    "a new sandbox, with policy Never, of a pod that was not ready": (
        "SandboxRecreated Medium sandbox",
        facts(
            died(137),
            change=SANDBOX,
            all_restarted=True,
            pod_others=(mark(K.SANDBOX_CHANGED, 40),),
            failures=(failed(R, 40, 3),),
            pod=NEVER_READY,
        ),
    ),
    "announced, nothing that kills, and a status that came late": (
        "Error Medium start-canary",
        facts(died(1), starts=started(42, fresh=1), pod=NO_PROBE, path=PLACE),
    ),
    "announced before it died": ("Error Medium own-exit", facts(died(1), starts=started(39))),
    "announced just as it died": (
        "Error Confirmed start-canary",
        facts(died(1), starts=started(40), path=OWN),
    ),
    "announced too late for the start": (
        "Error Medium terminated-seen",
        facts(died(1), starts=started(54), path=OWN, next_start=50.0),
    ),
    "announced as late as a start allows": (
        "Error Confirmed start-canary",
        facts(died(1), starts=started(53), path=OWN, next_start=50.0),
    ),
    "announced when a token was new": (
        "Error Medium terminated-seen",
        facts(died(1), starts=started(307), path=OWN),
    ),
    "announced before a token was new": (
        "Error Confirmed start-canary",
        facts(died(1), starts=started(306), path=OWN),
    ),
    "announced, after a grace of minutes": (
        "Error Medium terminated-seen",
        facts(died(1), starts=started(45), path=OWN, pod=spec(grace=600.0)),
    ),
    "ended so before, seen dead": (
        "Error High terminated-seen",
        facts(died(1), path=OWN, past=(past(Cause.ERROR, 1, 500, own_end=True),)),
    ),
    "ended so before, but by a kill": (
        "Error Medium terminated-seen",
        facts(died(1), path=OWN, past=(past(Cause.LIVENESS_PROBE, 1, 500),)),
    ),
    "ended so before, by a record that tells no order of states": (
        "Error Medium terminated-seen",
        facts(died(1), path=OWN, past=(past(Cause.ERROR, 1, 500, own_end=None),)),
    ),
    "ended so before, seen dead, and by such a record": (
        "Error High terminated-seen",
        facts(
            died(1),
            path=OWN,
            past=(
                past(Cause.ERROR, 1, 500, own_end=None),
                past(Cause.ERROR, 1, 500, own_end=True),
            ),
        ),
    ),
    "ended otherwise before": (
        "Error Medium terminated-seen",
        facts(died(1), path=OWN, past=(past(Cause.ERROR, 2, 500, own_end=True),)),
    ),
    "ended so before, and the kubelet restarted": (
        "Error Medium terminated-seen",
        facts(
            died(1),
            path=OWN,
            past=(past(Cause.ERROR, 1, 500, own_end=True),),
            starts=(*started(1, 3), *started(42, 1, series="new")),
        ),
    ),
    "the kubelet restarted long before": (
        "Error High terminated-seen",
        facts(
            died(1),
            path=OWN,
            past=(past(Cause.ERROR, 1, 500, own_end=True),),
            starts=(*started(1, 3), *started(39, 1, series="new")),
        ),
    ),
    "an image pulled anew is no sign of a restarted kubelet": (
        "Error High terminated-seen",
        facts(
            died(1),
            path=OWN,
            past=(past(Cause.ERROR, 1, 500, own_end=True),),
            starts=(mark(K.PULLED, 1), mark(K.PULLED, 42, series="new")),
        ),
    ),
    "a new sandbox long after the death": (
        "Unknown Low unknown",
        facts(died(137), change=Change(sandbox=True, sandbox_since=72.0), all_restarted=True),
    ),
    "a new sandbox soon after the death": (
        "SandboxRecreated Medium sandbox",
        facts(died(137), change=Change(sandbox=True, sandbox_since=71.0), all_restarted=True),
    ),
    "a new sandbox after a hook that failed": (
        "PostStartHook High post-start-hook",
        facts(
            died(137),
            pod=HOOKED,
            change=SANDBOX,
            all_restarted=True,
            waiting_reason="PostStartHookError",
        ),
    ),
    "a reboot after a hook that failed": (
        "PostStartHook High post-start-hook",
        facts(
            died(137),
            pod=HOOKED,
            pod_others=(mark(K.NODE_REBOOTED, 60),),
            next_start=61.0,
            waiting_reason="PostStartHookError",
        ),
    ),
    "a reboot after a SIGKILL": (
        "NodeReboot Medium node-reboot",
        facts(died(137), pod=HOOKED, pod_others=(mark(K.NODE_REBOOTED, 60),), next_start=61.0),
    ),
    "a new sandbox after the grace of another container": (
        "SandboxRecreated Medium sandbox",
        facts(
            died(137), change=Change(sandbox=True, sandbox_since=101.0), all_restarted=True, pod=TWO
        ),
    ),
    "a new sandbox just before the death": (
        "SandboxRecreated Medium sandbox",
        facts(died(137), change=Change(sandbox=True, sandbox_since=40.0), all_restarted=True),
    ),
    "a new sandbox before the death": (
        "Unknown Low unknown",
        facts(died(137), change=Change(sandbox=True, sandbox_since=39.0), all_restarted=True),
    ),
    "the sandbox of before": (
        "Unknown Low unknown",
        facts(
            died(137),
            change=Change(same_sandbox=True),
            all_restarted=True,
            pod_others=(mark(K.SANDBOX_CHANGED, 40),),
        ),
    ),
    "another container stayed": ("Unknown Low unknown", facts(died(137), change=SANDBOX)),
    "dead before its sandbox": (
        "Error Medium terminated-seen",
        facts(died(1), change=SANDBOX, all_restarted=True, path=OWN),
    ),
    "a sandbox that changed a grace before": (
        "SandboxRecreated High sandbox",
        facts(died(137, end=100.0), all_restarted=True, pod_others=(mark(K.SANDBOX_CHANGED, 40),)),
    ),
    "a sandbox that changed long before": (
        "Unknown Low unknown",
        facts(died(137, end=101.0), all_restarted=True, pod_others=(mark(K.SANDBOX_CHANGED, 40),)),
    ),
    "a sandbox that changed afterwards": (
        "Unknown Low unknown",
        facts(died(137, end=38.0), all_restarted=True, pod_others=(mark(K.SANDBOX_CHANGED, 40),)),
    ),
    "a new sandbox where nothing is started again": (
        "SandboxRecreated Medium sandbox",
        facts(died(137), all_restarted=True, pod_others=(mark(K.SANDBOX_CHANGED, 41),), pod=NEVER),
    ),
    "failures before a new sandbox where nothing is started again": (
        "LivenessProbe High threshold-reached",
        facts(
            died(143),
            change=SANDBOX,
            all_restarted=True,
            pod=NEVER,
            failures=(failed(L, 40, 3),),
        ),
    ),
    "lost with its sandbox": (
        "NodeReboot Medium lost",
        facts(died(255, reason="Unknown"), change=SANDBOX, all_restarted=True),
    ),
    "lost, with a code of its own": ("Error Low own-exit", facts(died(255))),
    "v41 bad command": (
        "StartError Confirmed start-error",
        facts(died(128, None, 5.0, reason="StartError")),
    ),
    "a child ran out of memory": ("Error Low own-exit", facts(died(3, reason="OOMKilled"))),
    "OOM while liveness failed in place": (
        "LivenessProbe Medium threshold-reached",
        facts(died(137, reason="OOMKilled"), path=PLACE, failures=(failed(L, 39, 3),)),
    ),
    "OOM in place, too soon for SIGKILL of the kubelet": (
        "OOMKilled Medium out-of-memory",
        facts(died(137, reason="OOMKilled"), path=PLACE, failures=(failed(L, 40, 3),)),
    ),
    "OOM of unknown exit code while liveness failed in place": (
        "LivenessProbe Medium threshold-reached",
        facts(died(-1, reason="OOMKilled"), path=PLACE, failures=(failed(L, 40, 3),)),
    ),
    "OOM in place, after kills that look so": (
        "LivenessProbe Medium replaced-in-place",
        facts(
            died(137, reason="OOMKilled"),
            path=PLACE,
            past=(past(Cause.LIVENESS_PROBE, 137, 500),),
        ),
    ),
    "killed for a reason that is not known": (
        "Unknown Low kill-event-other",
        facts(died(1), path=PLACE, kills=(mark(K.KILL_OTHER, 40),), starts=started(42, fresh=1)),
    ),
    "killed for a reason that is not known, while its probe failed": (
        "LivenessProbe High threshold-reached",
        facts(died(143), kills=(mark(K.KILL_OTHER, 40),), failures=(failed(L, 40, 3),)),
    ),
    "killed for a reason that is not known, and out of memory": (
        "OOMKilled Medium out-of-memory",
        facts(died(137, reason="OOMKilled"), kills=(mark(K.KILL_OTHER, 40),)),
    ),
    "OOM of what no probe kills, and another image in the next instance": (
        "OOMKilled Medium out-of-memory",
        facts(died(137, reason="OOMKilled"), pod=NO_PROBE, change=Change(image=True)),
    ),
    "OOM that was shown, and another image in the next instance": (
        "OOMKilled High out-of-memory",
        facts(died(137, reason="OOMKilled"), pod=NO_PROBE, path=OWN, change=Change(image=True)),
    ),
    "OOM in place, after other OOM kills too": (
        "OOMKilled Medium out-of-memory",
        facts(
            died(137, reason="OOMKilled"),
            path=PLACE,
            past=(past(Cause.LIVENESS_PROBE, 137, 500), past(Cause.OOM_KILLED, 137, 500)),
        ),
    ),
    "SIGKILL after OOM kills that look so": (
        "OOMKilled Medium memory-again",
        facts(died(137), path=OWN, past=(past(Cause.OOM_KILLED, 137, 41),)),
    ),
    "SIGKILL after OOM kills that look so, while its probe failed": (
        "Signal Medium terminated-seen",
        facts(
            died(137),
            path=OWN,
            past=(past(Cause.OOM_KILLED, 137, 41),),
            failures=(failed(L, 40, 3),),
        ),
    ),
    "SIGKILL in place, after OOM kills that look so": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(137), path=PLACE, past=(past(Cause.OOM_KILLED, 137, 41),)),
    ),
    "SIGKILL after other OOM kills": (
        "Signal Medium terminated-seen",
        facts(died(137), path=OWN, pod=NO_PROBE, past=(past(Cause.OOM_KILLED, 137, 900),)),
    ),
    "exit code of a probe's kill before, at another age": (
        "Unknown Low unknown",
        facts(died(3), past=(past(Cause.LIVENESS_PROBE, 3, 900),), others=(mark(K.BACK_OFF, 43),)),
    ),
    "own exit, the probe failed nobody knows when": (
        "Error Low own-exit",
        facts(died(3), failures=(mark(K.PROBE_FAILED, 60, 37, probe_type="Liveness"),)),
    ),
    "own exit, the readiness probe failed nobody knows when": (
        "Error Medium own-exit",
        facts(died(3), failures=(mark(K.PROBE_FAILED, 60, 37, probe_type="Readiness"),)),
    ),
    "own exit, the probe failed for the first time after it": (
        "Error Medium own-exit",
        facts(died(3), failures=(mark(K.PROBE_FAILED, 60, 1, probe_type="Liveness"),)),
    ),
    "a hook that failed before an end with a code of its own": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(3), pod=HOOKED, others=(mark(K.POST_START_FAILED, 30),)),
    ),
    "a hook that failed in the first second": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(3, end=5), pod=HOOKED, others=(mark(K.POST_START_FAILED, 0),)),
    ),
    "its hook failed by the status alone, SIGKILL just at the end of the grace": (
        "PostStartHook High post-start-hook",
        facts(died(137, end=30), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "its hook failed by the status alone, SIGKILL too early for the grace": (
        "PostStartHook Medium post-start-hook",
        facts(died(137, end=29), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "its hook failed by the status alone, and it lived long": (
        "Unknown Low post-start-hook",
        facts(died(3, end=300), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "a hook is said to have failed of what has none": (
        "Unknown Low unknown",
        facts(died(), others=(mark(K.POST_START_FAILED, 30),)),
    ),
    "killed for its hook, with a code of its own": (
        "PostStartHook Confirmed kill-event-other",
        facts(died(3), pod=HOOKED, kills=(mark(K.KILL_POST_START_HOOK, 30),)),
    ),
    "out of memory in the second of the kill": (
        "OOMKilled Medium kill-event-probe",
        facts(died(137, end=40, reason="OOMKilled"), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "out of memory in the second of the kill, after its probe had timed out": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(137, end=40, reason="OOMKilled"),
            kills=(mark(K.KILL_LIVENESS, 40),),
            failures=(replace(failed(L, 40, 3), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "a crash in the second in which its hook failed": (
        "Error Medium own-exit",
        facts(died(139, end=5), pod=HOOKED, others=(mark(K.POST_START_FAILED, 5),)),
    ),
    "a crash after its hook had failed": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(139, end=5), pod=HOOKED, others=(mark(K.POST_START_FAILED, 4),)),
    ),
    "a crash that was replaced in place": (
        "Error Low own-exit",
        facts(died(139), path=PLACE, starts=started(42, fresh=1, count=1)),
    ),
    "a crash that was replaced in place, as each time before": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(139), path=PLACE, past=(past(Cause.ERROR, 139, 400, Confidence.LOW),)),
    ),
    "a crash that was replaced in place, and shown as terminated before": (
        "Error Low own-exit",
        facts(
            died(139),
            path=PLACE,
            past=(
                past(Cause.ERROR, 139, 400, Confidence.LOW),
                past(Cause.ERROR, 139, 400, Confidence.LOW, own_end=True),
            ),
        ),
    ),
    "a crash that was replaced in place, and less doubtful before": (
        "Error Low own-exit",
        facts(died(139), path=PLACE, past=(past(Cause.ERROR, 139, 400, Confidence.MEDIUM),)),
    ),
    "a crash that was replaced in place, after one that a record tells of": (
        "Error Low own-exit",
        facts(
            died(139), path=PLACE, past=(past(Cause.ERROR, 139, 400, Confidence.LOW, own_end=None),)
        ),
    ),
    "a crash that was replaced in place, as after an earlier kill": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(139), path=PLACE, past=(past(Cause.LIVENESS_PROBE, 139, 400),)),
    ),
    "a kill in the second of the end, for failures of instances before": (
        "Unknown Low kill-event-probe",
        facts(died(3, end=9), kills=(mark(K.KILL_LIVENESS, 9),), path=PLACE),
    ),
    "the same, of an instance that may have failed often enough": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(3, end=10), kills=(mark(K.KILL_LIVENESS, 10),), path=PLACE),
    ),
    "the same, and the runtime ended it a second later": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(3, end=9), kills=(mark(K.KILL_LIVENESS, 8),), path=PLACE),
    ),
    "a kill that was counted, for failures of instances before": (
        "LivenessProbe Medium count-repair",
        facts(died(3, end=9), repaired=K.KILL_LIVENESS),
    ),
    "a kill that was counted, of an instance that may have failed often enough": (
        "LivenessProbe High count-repair",
        facts(died(3, end=10), repaired=K.KILL_LIVENESS),
    ),
    "a crash in the second of the kill": (
        "Unknown Low kill-event-probe",
        facts(died(139), kills=(mark(K.KILL_LIVENESS, 41),)),
    ),
    "a crash in the second after the kill": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(139), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "an exit in the second of a kill that took one failure": (
        "Unknown Low kill-event-probe",
        facts(died(3), pod=ONCE, kills=(mark(K.KILL_LIVENESS, 41),)),
    ),
    "the same, with the code of an earlier kill": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(3),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            past=(past(Cause.LIVENESS_PROBE, 3, 41),),
        ),
    ),
    "the same, with the code of an earlier end that may have been a kill": (
        "Unknown Low kill-event-probe",
        facts(
            died(3),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            past=(past(Cause.LIVENESS_PROBE, 3, 41, Confidence.MEDIUM),),
        ),
    ),
    "the same, and a failure that was reported": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(3),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 1), failure=FailureReason.REFUSED),),
        ),
    ),
    "SIGTERM in the second of a kill for a run that was cut off": (
        "Unknown Low kill-event-probe",
        facts(
            died(143),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 1), failure=FailureReason.RESET),),
        ),
    ),
    "an exit in the second of a kill for a run that was cut off, and one that was refused": (
        "Unknown Low kill-event-probe",
        facts(
            died(1),
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(
                replace(failed(L, 36, 1), failure=FailureReason.TIMEOUT),
                replace(failed(L, 41, 1), failure=FailureReason.RESET),
                replace(failed(L, 41, 1), failure=FailureReason.REFUSED),
            ),
        ),
    ),
    "an exit in the second of a kill for runs that were refused, the first one was cut off": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(1),
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(
                replace(failed(L, 31, 1), failure=FailureReason.RESET),
                replace(failed(L, 36, 1), failure=FailureReason.REFUSED),
                replace(failed(L, 41, 1), failure=FailureReason.REFUSED),
            ),
        ),
    ),
    "SIGTERM in the second in which the only run was cut off, and no kill": (
        "Unknown Low threshold-reached",
        facts(
            died(143),
            pod=ONCE,
            failures=(replace(failed(L, 41, 1), failure=FailureReason.RESET),),
        ),
    ),
    "SIGTERM in the second after a run that was cut off, and no kill": (
        "LivenessProbe High threshold-reached",
        facts(
            died(143),
            pod=ONCE,
            failures=(replace(failed(L, 40, 1), failure=FailureReason.RESET),),
        ),
    ),
    "its hook failed by the status alone, with the code of a panic": (
        "Unknown Low post-start-hook",
        facts(died(2, end=300), pod=HOOKED, waiting_reason="PostStartHookError"),
    ),
    "its hook failed by the status alone, with the code of an earlier kill": (
        "PostStartHook Medium post-start-hook",
        facts(
            died(3, end=300),
            pod=HOOKED,
            waiting_reason="PostStartHookError",
            past=(past(Cause.POST_START_HOOK, 3, 300),),
        ),
    ),
    "announced in the second of its own start": (
        "Error Medium terminated-seen",
        facts(died(1, start=40), starts=started(40), path=OWN),
    ),
    "announced in the second after its start": (
        "Error Confirmed start-canary",
        facts(died(1, start=40), starts=started(41), path=OWN),
    ),
    "announced in a series that began after its end": (
        "Error Medium terminated-seen",
        facts(died(1), starts=started(44, since=42.0), path=OWN, next_start=42.0),
    ),
    "announced in a series that began in the second of its end": (
        "Error Confirmed start-canary",
        facts(died(1), starts=started(42, since=41.0), path=OWN, next_start=42.0),
    ),
    "announced, after a kill for its hook that explains another end": (
        "Unknown Low unknown",
        facts(
            died(143),
            pod=HOOKED,
            kills=(mark(K.KILL_POST_START_HOOK, 30),),
            used=frozenset({(str(K.KILL_POST_START_HOOK), 1)}),
            starts=started(42, fresh=1),
        ),
    ),
    "announced, after a kill in the second of its start that explains no other end": (
        "Unknown Low unknown",
        facts(died(143, start=38), kills=(mark(K.KILL_LIVENESS, 38),), starts=started(42, fresh=1)),
    ),
    "announced, after a kill in the second of its start that explains another end": (
        "Signal Medium start-canary",
        facts(
            died(143, start=38),
            kills=(mark(K.KILL_LIVENESS, 38),),
            used=frozenset({(str(K.KILL_LIVENESS), 1)}),
            starts=started(42, fresh=1),
        ),
    ),
    "announced, after a kill in its only second": (
        "Unknown Low unknown",
        facts(
            died(143, start=41),
            kills=(mark(K.KILL_LIVENESS, 41),),
            used=frozenset({(str(K.KILL_LIVENESS), 1)}),
            starts=started(42, fresh=1),
        ),
    ),
    "an exit in the second of a kill that took one failure, which an end makes too": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(0),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 1), failure=FailureReason.REFUSED),),
        ),
    ),
    "an exit with 0 in the second of a kill that took three failures": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(0), kills=(mark(K.KILL_LIVENESS, 41),)),
    ),
    "SIGKILL in the second of the kill": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(137),
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 3), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "SIGKILL in the second after the kill": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(137), kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "an exit in the second after a kill that took one failure": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(3), pod=ONCE, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "SIGTERM in the second of a kill that took one failure": (
        "LivenessProbe Medium kill-event-probe",
        facts(died(143), pod=ONCE, kills=(mark(K.KILL_LIVENESS, 41),)),
    ),
    "SIGTERM in the second of a kill that took one failure of what still ran": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(
            died(143),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 1), failure=FailureReason.HTTP_5XX),),
        ),
    ),
    "SIGKILL after ends that were most likely for memory": (
        "Signal Medium terminated-seen",
        facts(died(137), path=OWN, past=(past(Cause.OOM_KILLED, 137, 41, Confidence.MEDIUM),) * 2),
    ),
    "in place, just too early for its probe": (
        "Error Low own-exit",
        facts(died(3, end=8), path=PLACE),
    ),
    "in place, just late enough for its probe": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(3, end=9), path=PLACE),
    ),
    "in place, too early for its startup probe": (
        "Error Low own-exit",
        facts(died(3, end=4), pod=START_ONLY, path=PLACE),
    ),
    "in place, and nobody knows whether it had started": (
        "StartupProbe Medium replaced-in-place",
        facts(died(143), pod=BOTH, path=PLACE),
    ),
    "in place, and it had started": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(143), pod=BOTH, path=PLACE, was_started=True),
    ),
    "in place, with a hook and no probe": (
        "PostStartHook Medium replaced-in-place",
        facts(died(143), pod=HOOK_ONLY, path=PLACE),
    ),
    "announced, exit 0, and seen dead": (
        "Completed Confirmed start-canary",
        facts(died(0), path=OWN, starts=started(42)),
    ),
    "an exit of which the runtime gives no reason": (
        "Error Medium terminated-seen",
        facts(died(3, reason=""), path=OWN),
    ),
    "an exit in the second of a kill that took one failure, of which it is known how it failed": (
        "LivenessProbe High kill-event-probe",
        facts(
            died(3),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 41, 1), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "an exit in the second of a kill that took one failure, and the one before is known": (
        "LivenessProbe Medium kill-event-probe",
        facts(
            died(3),
            pod=ONCE,
            kills=(mark(K.KILL_LIVENESS, 41),),
            failures=(replace(failed(L, 40, 1), failure=FailureReason.TIMEOUT),),
        ),
    ),
    "a hook that failed in the second of the start, of an instance or the one before": (
        "Unknown Low unknown",
        facts(
            died(137, start=51, end=54),
            pod=HOOKED,
            others=(mark(K.POST_START_FAILED, 51),),
            restart_count=2,
        ),
    ),
    "a hook that failed in the second of the first start": (
        "PostStartHook Confirmed post-start-hook",
        facts(died(137, start=51, end=54), pod=HOOKED, others=(mark(K.POST_START_FAILED, 51),)),
    ),
    "a hook that failed in the second after the start": (
        "PostStartHook Confirmed post-start-hook",
        facts(
            died(137, start=51, end=54),
            pod=HOOKED,
            others=(mark(K.POST_START_FAILED, 52),),
            restart_count=2,
        ),
    ),
    "never started, and as short as its budget allows": (
        "StartupProbe Medium never-started",
        facts(died(143, end=19), pod=START_ONLY, was_started=False),
    ),
    "never started, for its hook failed": (
        "Unknown Low unknown",
        facts(
            died(137, end=19),
            pod=spec(Container(name="app", startup=STARTUP, has_post_start=True)),
            was_started=False,
            waiting_reason="PostStartHookError",
            others=(mark(K.POST_START_FAILED, 19),),
        ),
    ),
    "never started, and a crash": (
        "Error Low own-exit",
        facts(died(139, end=19), pod=START_ONLY, path=PLACE, was_started=False),
    ),
    "never started, and a second shorter than that": (
        "Unknown Low unknown",
        facts(died(143, end=18), pod=START_ONLY, was_started=False),
    ),
    "an end that is not shown, and two kills in its life": (
        "Unobserved Low unobserved",
        facts(
            None,
            jump=Jump(size=1, place=1, since=0.0),
            next_start=100.0,
            kills=(mark(K.KILL_LIVENESS, 50, 3, fresh=2, since=10.0),),
        ),
    ),
    "an end that is not shown, and two kills of which one may be of the life before": (
        "LivenessProbe Medium unobserved",
        facts(
            None,
            jump=Jump(size=1, place=1, since=0.0),
            next_start=100.0,
            kills=(mark(K.KILL_LIVENESS, 50, 3, fresh=2, since=-5.0),),
        ),
    ),
    "killed with the probe's own long grace": (
        "LivenessProbe Confirmed kill-event-probe",
        facts(died(137, end=340), pod=PATIENT, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "three failures, of which only the last has a time": (
        "Unknown Low unknown",
        facts(died(), failures=(replace(failed(L, 40, 3), since=5.0),)),
    ),
    "three failures, each a period after the other": (
        "LivenessProbe High threshold-reached",
        facts(died(), failures=one_by_one(30, 35, 40)),
    ),
    "three failures, of which the first is as early as can be": (
        "LivenessProbe High threshold-reached",
        facts(died(), failures=one_by_one(29, 35, 40)),
    ),
    "three failures, between which the probe may have succeeded": (
        "Unknown Low unknown",
        facts(died(), failures=one_by_one(28, 35, 40)),
    ),
    "three failures of a probe each second": (
        "LivenessProbe High threshold-reached",
        facts(died(), pod=QUICK, failures=one_by_one(38, 39, 40)),
    ),
    "three failures of a probe each second, between which it may have succeeded": (
        "Unknown Low unknown",
        facts(died(), pod=QUICK, failures=one_by_one(37, 39, 40)),
    ),
    "a rule of its own, while another one restarts all": (
        "RestartRule High restart-rule",
        facts(died(42), path=OWN, pod=RULED, change=Change(restarting_all=True)),
    ),
    "a rule that restarts all, and nobody saw that it did": (
        "RestartRule High restart-rule",
        facts(died(42), path=OWN, pod=RULED_ALL),
    ),
    "a hook failed after it had ended, and it may be that of the next one": (
        "Error Medium own-exit",
        facts(died(1, end=2), pod=HOOKED, others=(mark(K.POST_START_FAILED, 4),)),
    ),
    "its hook failed after it had ended": (
        "Error High died-before-kill",
        facts(died(1, end=2), pod=HOOKED, others=(mark(K.POST_START_FAILED, 4),), next_start=16.0),
    ),
    "seen dead by SIGTERM, with nothing that kills": (
        "Signal High terminated-seen",
        facts(died(143), path=OWN, pod=NO_PROBE),
    ),
    "a still counter says nothing of a change": (
        "Unknown Low unknown",
        facts(died(137), readings=counted(0), observed_at=42.0, change=Change(image=True)),
    ),
    "failures up to the threshold, and a kill of long before": (
        "LivenessProbe High threshold-reached",
        facts(
            died(143, end=300),
            path=PLACE,
            kills=(mark(K.KILL_LIVENESS, 40),),
            failures=(failed(L, 295, 3),),
            next_start=301.0,
        ),
    ),
    "own exit, after kills that left another code": (
        "Error Medium own-exit",
        facts(
            died(3), past=(past(Cause.LIVENESS_PROBE, 137, 900),), others=(mark(K.BACK_OFF, 43),)
        ),
    ),
    "own exit, the probe failed for the second time after it": (
        "Error Low own-exit",
        facts(died(3), failures=(mark(K.PROBE_FAILED, 60, 2, probe_type="Liveness"),)),
    ),
    "a startup kill, and a failure of liveness in the second after it": (
        "StartupProbe Confirmed kill-event-probe",
        facts(
            died(143, end=45),
            pod=BOTH,
            kills=(mark(K.KILL_STARTUP, 40),),
            failures=(failed(L, 41, 1),),
        ),
    ),
    "own exit, after fewer failures than a kill takes": (
        "Error Low own-exit",
        facts(died(3), failures=(failed(L, 40, 2),)),
    ),
    "own exit, after as many failures as a kill takes": (
        "Unknown Low unknown",
        facts(died(3), failures=(failed(L, 40, 3),)),
    ),
    "own exit, after failures of the readiness probe": (
        "Error Medium own-exit",
        facts(died(3), pod=READY_TOO, failures=(failed(R, 40, 3),)),
    ),
    "OOM in place, while the readiness probe failed": (
        "OOMKilled Medium out-of-memory",
        facts(
            died(137, reason="OOMKilled"), path=PLACE, pod=READY_TOO, failures=(failed(R, 40, 3),)
        ),
    ),
    "a kill that may be of one before, for nobody knows when it began": (
        "Unknown Low unknown",
        facts(
            died(143, start=None), path=OWN, kills=(mark(K.KILL_LIVENESS, 40),), starts=started(42)
        ),
    ),
    "seen dead after a kill, and nobody knows since when": (
        "Unknown Low unknown",
        facts(died(143, end=None), path=OWN, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill that no end fits, and SIGTERM much later": (
        "Unknown Low unknown",
        facts(died(143, end=900), path=OWN, kills=(mark(K.KILL_LIVENESS, 40),)),
    ),
    "a kill that no end fits, and an exit of its own much later": (
        "Error Medium start-canary",
        facts(died(3, end=900), path=OWN, kills=(mark(K.KILL_LIVENESS, 40),), starts=started(901)),
    ),
    "a kill that no end fits, for the clock was set back after it": (
        "Unknown Low unknown",
        facts(
            died(143, start=5000, end=1530),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 5100),),
            starts=started(1531),
        ),
    ),
    "a kill in the second in which it began is of the one before": (
        "Signal High start-canary",
        facts(
            died(143, start=40, end=900),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 40),),
            starts=started(901),
        ),
    ),
    "the same, and the clock was set back after it": (
        "Signal High start-canary",
        facts(
            died(143, start=5000, end=1530),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 5000),),
            starts=started(1531),
        ),
    ),
    "a kill in the second of the end, and the clock was set back before it": (
        "Unknown Low unknown",
        facts(
            died(143, start=5000, end=1530),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 1530),),
            starts=started(1531),
        ),
    ),
    "a clock that was set back, and no kill in this life": (
        "Signal High start-canary",
        facts(
            died(143, start=5000, end=1530),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 3000),),
            starts=started(1531),
        ),
    ),
    "an end in the second of its begin, and a kill of the one before": (
        "Signal High start-canary",
        facts(
            died(143, start=40, end=40),
            path=OWN,
            kills=(mark(K.KILL_LIVENESS, 30),),
            starts=started(41),
        ),
    ),
    "a change of the image that was asked for, and SIGTERM": (
        "Signal Medium start-canary",
        facts(died(143), path=OWN, change=Change(image=True), starts=started(42)),
    ),
    "resources that were asked for, and an exit of its own": (
        "Error Confirmed start-canary",
        facts(died(3), path=OWN, change=Change(resources=True), starts=started(42)),
    ),
    "a hook, and it was shown to have started": (
        "Error Confirmed start-canary",
        facts(died(3), path=OWN, pod=HOOKED, starts=started(42), was_started=True),
    ),
    "a hook, and nobody saw it run": (
        "Error Medium start-canary",
        facts(died(3), path=OWN, pod=HOOKED, starts=started(42), was_started=False),
    ),
    "in place, too early for its probe": (
        "Error Low own-exit",
        facts(died(3, end=4.0), path=PLACE),
    ),
    "in place, too early for its probe, by a signal": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(143, end=4.0), path=PLACE),
    ),
    "in place, too early for its probe, which failed": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(3, end=4.0), path=PLACE, failures=(failed(L, 3, 1),)),
    ),
    "OOM where nothing kills": (
        "OOMKilled High out-of-memory",
        facts(died(137, reason="OOMKilled"), pod=NO_PROBE),
    ),
    "OOM in a gap": (
        "OOMKilled Medium out-of-memory",
        facts(died(137, reason="OOMKilled")),
    ),
    "sticky OOM flag, seen dead": (
        "Signal Medium terminated-seen",
        facts(died(143, reason="OOMKilled"), path=OWN),
    ),
    "seen dead though the probe had failed": (
        "Signal Medium terminated-seen",
        facts(died(143), path=OWN, failures=(failed(L, 40, 3),)),
    ),
    "seen dead, exit 0": ("Completed Medium terminated-seen", facts(died(0), path=OWN)),
    "a fault of its own": ("Error Medium terminated-seen", facts(died(139), path=OWN)),
    "v49 the kubelet's counter rose": (
        "LivenessProbe High kubelet-counter",
        facts(died(137), path=PLACE, readings=counted(20), observed_at=42.0),
    ),
    "v50 the kubelet's counter stood still": (
        "Signal High kubelet-counter",
        facts(died(137), readings=counted(0), observed_at=42.0),
    ),
    "a counter cannot tell of own exits": (
        "Error Low own-exit",
        facts(died(3), readings=counted(20), observed_at=42.0),
    ),
    "a still counter rules out what the order of states says": (
        "Signal High kubelet-counter",
        facts(died(137), readings=counted(0), path=PLACE, observed_at=42.0),
    ),
    "a still counter and a hook that may have failed": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(137), readings=counted(0), path=PLACE, observed_at=42.0, pod=HOOKED),
    ),
    "a counter that rose, and an end that nobody saw": (
        "LivenessProbe Medium kubelet-counter",
        facts(died(137), readings=counted(20), observed_at=42.0),
    ),
    "SIGTERM without any probe that kills": (
        "Signal Medium no-probe",
        facts(died(143), pod=NO_PROBE),
    ),
    "startup failures in place": (
        "StartupProbe High threshold-reached",
        facts(
            died(143), pod=BOTH, was_started=False, path=PLACE, failures=(failed(S, 40, 3, 10.0),)
        ),
    ),
    "startup failures in place, and a preStop hook that was run after the end": (
        "StartupProbe Medium threshold-reached",
        facts(
            died(143),
            pod=BOTH,
            was_started=False,
            path=PLACE,
            failures=(failed(S, 40, 3, 10.0),),
            others=(mark(K.PRE_STOP_FAILED, 43),),
            next_start=44.0,
        ),
    ),
    "startup failures in place, and a preStop hook that failed with the container": (
        "StartupProbe High threshold-reached",
        facts(
            died(143),
            pod=BOTH,
            was_started=False,
            path=PLACE,
            failures=(failed(S, 40, 3, 10.0),),
            others=(mark(K.PRE_STOP_FAILED, 41),),
            next_start=44.0,
        ),
    ),
    "startup failures in place, with an exit code that no kill is known to leave": (
        "StartupProbe Medium threshold-reached",
        facts(died(3), pod=BOTH, was_started=False, path=PLACE, failures=(failed(S, 40, 3, 10.0),)),
    ),
    "startup failures in place, with the exit code that a kill left before": (
        "StartupProbe High threshold-reached",
        facts(
            died(3),
            pod=BOTH,
            was_started=False,
            path=PLACE,
            failures=(failed(S, 40, 3, 10.0),),
            past=(past(Cause.STARTUP_PROBE, 3, 500),),
        ),
    ),
    "never started, regular": (
        "StartupProbe Medium never-started",
        facts(
            died(3, end=28),
            pod=START_ONLY,
            path=PLACE,
            was_started=False,
            past=(past(Cause.STARTUP_PROBE, 3, 28),),
        ),
    ),
    "never started, too long for the budget": (
        "StartupProbe Medium replaced-in-place",
        facts(died(3, end=500), pod=START_ONLY, path=PLACE),
    ),
    "never started, own exit code": (
        "Error Low own-exit",
        facts(died(3, end=28), pod=START_ONLY),
    ),
    "replaced in place, as it surely ended by itself before": (
        "Error Medium regular",
        facts(died(3), path=PLACE, past=(past(Cause.ERROR, 3, 41),)),
    ),
    "replaced in place, as it surely came to its end before": (
        "Completed Medium regular",
        facts(died(0), path=PLACE, past=(past(Cause.COMPLETED, 0, 41),)),
    ),
    "replaced in place, as a signal surely ended it before": (
        "Signal Medium regular",
        facts(died(143), path=PLACE, past=(past(Cause.SIGNAL, 143, 41),)),
    ),
    "replaced in place, as a rule surely restarted it before": (
        "RestartRule Medium regular",
        facts(died(42), path=PLACE, pod=LIVE_RULED, past=(past(Cause.RESTART_RULE, 42, 41),)),
    ),
    "like one that its startup probe ended": (
        "StartupProbe Medium regular",
        facts(died(143), pod=BOTH, past=(past(Cause.STARTUP_PROBE, 143, 41),)),
    ),
    "like one that was killed for its hook": (
        "PostStartHook Medium regular",
        facts(died(143), pod=HOOKED, past=(past(Cause.POST_START_HOOK, 143, 41),)),
    ),
    "replaced in place, as it most likely ended by itself before": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(3), path=PLACE, past=(past(Cause.ERROR, 3, 41, Confidence.MEDIUM),) * 2),
    ),
    "replaced in place, nothing delivered": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(3), path=PLACE),
    ),
    "replaced in place, like earlier ones": (
        "LivenessProbe Medium replaced-in-place",
        facts(died(3), path=PLACE, past=(past(Cause.LIVENESS_PROBE, 3, 41),)),
    ),
    "replaced in place, earlier ones disagree": (
        "LivenessProbe Medium replaced-in-place",
        facts(
            died(3), path=PLACE, past=(past(Cause.LIVENESS_PROBE, 3, 41), past(Cause.ERROR, 3, 41))
        ),
    ),
    "own exit, nothing delivered": ("Error Low own-exit", facts(died(3))),
    "failures long before the death": (
        "Unknown Low unknown",
        facts(died(end=900.0), failures=(failed(L, 100, 9),)),
    ),
    "failures of an earlier instance": (
        "Unknown Low unknown",
        facts(died(start=300.0, end=310.0), failures=(failed(L, 290, 3),)),
    ),
    "a canary too late": ("Unknown Low unknown", facts(died(), starts=started(500))),
    "a canary of a restarted kubelet": (
        "Unknown Low unknown",
        facts(died(), starts=started(42, 1)),
    ),
    "a late kill of the next instance": (
        "Unknown Low unknown",
        facts(died(), kills=(mark(K.KILL_LIVENESS, 50),), next_start=45.0),
    ),
}


@pytest.mark.parametrize(("expected", "given"), CASES.values(), ids=CASES.keys())
def test_attribution(expected: str, given: Facts) -> None:
    """Each case gets the expected cause and confidence from the expected rule."""
    rule, verdict = attribute(given)

    assert expected == f"{verdict.cause} {verdict.confidence} {rule.name}"
    assert verdict.evidence


def test_every_rule_is_exercised() -> None:
    """Each rule of the table decides at least one case."""
    assert {rule.name for rule in RULES} == {expected.split()[2] for expected, _ in CASES.values()}


def test_rules_have_unique_names() -> None:
    """A rule's name identifies one line of the table."""
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_confidence_is_never_sure_without_reason() -> None:
    """The causes Unobserved and Unknown always have confidence Low."""
    unsure = [v for v, _ in CASES.values() if v.startswith(("Unknown", "Unobserved"))]
    assert all(verdict.split()[1] == Confidence.LOW for verdict in unsure)


def test_rules_say_what_they_give() -> None:
    """A rule's documentation names every cause and confidence that it gives in the cases."""
    gives = {rule.name: rule.gives for rule in RULES}
    for verdict, _ in CASES.values():
        cause, confidence, rule = verdict.split()
        assert f"`{cause}`" in gives[rule], verdict
        assert confidence in gives[rule], verdict


OURS = frozenset(K) - {K.STARTED, K.CREATED, K.PULLED}
"""Kinds that only this project's code names; the other three are reasons of Events."""


@pytest.mark.parametrize("given", [given for _, given in CASES.values()], ids=CASES.keys())
def test_evidence_is_in_words_of_the_field(given: Facts) -> None:
    """Evidence contains no internal name of a kind of evidence."""
    _, verdict = attribute(given)

    words = {word.strip(",;:()") for fact in verdict.evidence for word in fact.split()}
    assert set() == words & OURS
