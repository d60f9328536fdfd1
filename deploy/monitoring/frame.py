"""What all of our dashboards share: variables, links, tags, and the labels to select by."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from deploy.monitoring.panels import DATASOURCE, Panel

EVERYTHING = ".*"

CLUSTER = 'cluster=~"$cluster"'
NAMESPACE = f'{CLUSTER},namespace=~"$namespace"'
WORKLOAD = f'{NAMESPACE},workload=~"$workload"'
"""Matchers of the three levels; an absent `cluster` is matched by everything."""

WORKLOAD_DASHBOARD = "probewatch-workload"

Section = tuple[str, Sequence[Panel]]
"""A row's title and its panels."""


def datasource_variable() -> dashboard.DatasourceVariable:
    """Which Prometheus is asked."""
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def label_variable(
    name: str, metric: str, *, label: str, multi: bool = True
) -> dashboard.QueryVariable:
    """The values of the label *name* of a metric, all of them to begin with where *multi*."""
    definition = f"label_values({metric}, {name})"
    variable = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE)
    variable = variable.query({"query": definition, "refId": name}).definition(definition)
    variable = variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable = variable.sort(models.VariableSort.ALPHABETICAL_ASC).multi(multi).include_all(multi)
    if not multi:
        return variable
    every = models.VariableOption(selected=True, text="All", value="$__all")
    return variable.all_value(EVERYTHING).current(every)


def cluster_variable() -> dashboard.QueryVariable:
    """Which clusters; the label is somebody else's to add, where there are several."""
    return label_variable("cluster", "probewatch_build_info", label="Cluster")


def namespace_variable() -> dashboard.QueryVariable:
    """Which namespaces."""
    return label_variable("namespace", f"probewatch_pods{{{CLUSTER}}}", label="Namespace")


def frame(
    title: str,
    uid: str,
    *,
    about: str,
    variables: Sequence[dashboard.QueryVariable],
    sections: Sequence[Section],
) -> dashboard.Dashboard:
    """Return a dashboard with these variables and panels."""
    made = dashboard.Dashboard(f"probewatch / {title}").uid(uid).description(about)
    made = made.tags(["probewatch", "kubernetes"]).time("now-6h", "now").refresh("1m")
    made = made.readonly().tooltip(models.DashboardCursorSync.CROSSHAIR).timezone("browser")
    made = made.with_variable(datasource_variable())
    for variable in variables:
        made = made.with_variable(variable)
    others = dashboard.DashboardLink("probewatch").type(models.DashboardLinkType.DASHBOARDS)
    others = others.tags(["probewatch"]).as_dropdown(True).include_vars(True)
    made = made.link(others.keep_time(True))
    for heading, panels in sections:
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(panel)
    return made
