"""The columns of `kubectl get` for workloads."""

from probewatch.playground.api.columns import (
    AGE,
    NAME,
    NONE,
    Cell,
    Column,
    dig,
    field,
    has_condition,
    join,
    parse_seconds,
    render_selector,
    render_span,
    since,
)
from probewatch.playground.json_object import JsonObject


def _template(obj: JsonObject) -> JsonObject:
    return dig(obj, "spec", "template") or dig(obj, "spec", "jobTemplate", "spec", "template") or {}


def _of_containers(key: str) -> Cell:
    def cell(obj: JsonObject, _now: float) -> str:
        return join(item.get(key, "") for item in dig(_template(obj), "spec", "containers") or ())

    return cell


def _count(name: str, *path: str) -> Column:
    return Column(name=name, cell=field(*path, default=0), type="integer")


def _ready_of(obj: JsonObject, _now: float) -> str:
    ready = dig(obj, "status", "readyReplicas") or 0
    return f"{ready}/{dig(obj, 'spec', 'replicas') or 0}"


CONTAINERS = Column(name="Containers", cell=_of_containers("name"), priority=1)
IMAGES = Column(name="Images", cell=_of_containers("image"), priority=1)
SELECTOR = Column(
    name="Selector",
    cell=lambda obj, _now: render_selector(dig(obj, "spec", "selector")),
    priority=1,
)
WIDE = (CONTAINERS, IMAGES, SELECTOR)

DEPLOYMENT_COLUMNS = (
    NAME,
    Column(name="Ready", cell=_ready_of),
    _count("Up-to-date", "status", "updatedReplicas"),
    _count("Available", "status", "availableReplicas"),
    AGE,
    *WIDE,
)
REPLICA_SET_COLUMNS = (
    NAME,
    _count("Desired", "spec", "replicas"),
    _count("Current", "status", "replicas"),
    _count("Ready", "status", "readyReplicas"),
    AGE,
    *WIDE,
)
STATEFUL_SET_COLUMNS = (NAME, Column(name="Ready", cell=_ready_of), AGE, CONTAINERS, IMAGES)
DAEMON_SET_COLUMNS = (
    NAME,
    _count("Desired", "status", "desiredNumberScheduled"),
    _count("Current", "status", "currentNumberScheduled"),
    _count("Ready", "status", "numberReady"),
    _count("Up-to-date", "status", "updatedNumberScheduled"),
    _count("Available", "status", "numberAvailable"),
    Column(
        name="Node Selector",
        cell=lambda obj, _now: render_selector(
            {"matchLabels": dig(_template(obj), "spec", "nodeSelector")}
        ),
    ),
    AGE,
    *WIDE,
)


def _job_status(job: JsonObject, _now: float) -> str:
    for word in ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if has_condition(job.get("status"), word):
            return word
    return "Terminating" if job["metadata"].get("deletionTimestamp") else "Running"


def _completions(job: JsonObject, _now: float) -> str:
    succeeded = dig(job, "status", "succeeded") or 0
    wanted, parallel = dig(job, "spec", "completions"), dig(job, "spec", "parallelism") or 0
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    return f"{succeeded}/1 of {parallel}" if parallel > 1 else f"{succeeded}/1"


def _duration(job: JsonObject, now: float) -> str:
    start, end = dig(job, "status", "startTime"), dig(job, "status", "completionTime")
    if not start:
        return ""
    if not end:
        return since(start, now)
    return render_span(parse_seconds(end) - parse_seconds(start))


JOB_COLUMNS = (
    NAME,
    Column(name="Status", cell=_job_status),
    Column(name="Completions", cell=_completions),
    Column(name="Duration", cell=_duration),
    AGE,
    *WIDE,
)


def _last_schedule(job: JsonObject, now: float) -> str:
    at = dig(job, "status", "lastScheduleTime")
    return since(at, now) if at else NONE


CRON_JOB_COLUMNS = (
    NAME,
    Column(name="Schedule", cell=field("spec", "schedule")),
    Column(name="Timezone", cell=field("spec", "timeZone", default=NONE)),
    Column(
        name="Suspend",
        cell=lambda job, _now: "True" if dig(job, "spec", "suspend") else "False",
        type="boolean",
    ),
    Column(
        name="Active",
        cell=lambda job, _now: len(dig(job, "status", "active") or ()),
        type="integer",
    ),
    Column(name="Last Schedule", cell=_last_schedule),
    AGE,
    CONTAINERS,
    IMAGES,
)
