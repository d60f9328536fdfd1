"""What the operator's dashboard asks of the operator's own metrics."""

from deploy.monitoring.frame import CLUSTER
from deploy.monitoring.panels import Query

RATE = "$__rate_interval"


def of(metric: str) -> str:
    """Return the selector of one of the operator's own metrics; it may have matchers."""
    name, _, matchers = metric.partition("{")
    return f"probewatch_{name}{{{CLUSTER}{',' + matchers if matchers else '}'}"


def grown(metric: str, *labels: str, legend: str = "") -> Query:
    """Return the growth of a counter, by labels, which are its legend where none is given."""
    grouping = f" by ({', '.join(labels)})" if labels else ""
    names = ": ".join(f"{{{{{label}}}}}" for label in labels) or metric
    return Query(expr=f"sum{grouping} (increase({of(metric)}[{RATE}]))", legend=legend or names)


def flow(metric: str) -> str:
    """Return how fast a counter of a watch grows, by resource."""
    return f"sum by (resource) (rate({of(metric)}[{RATE}]))"


def of_process(expr: str) -> Query:
    """Return a series of the process: it has no name of ours, and is found beside one of ours."""
    beside = f"on (job, instance) group_left () max by (job, instance) ({of('build_info')})"
    return Query(expr=f"{expr} * {beside}", legend="{{instance}}")
