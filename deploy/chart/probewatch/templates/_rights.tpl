{{- /* What the operator does in watched namespaces, and nothing else: a test checks that each right is used. */ -}}
{{- define "probewatch.rights" -}}
# Pods, and the kubelet's Events about them: read-only.
- apiGroups: [""]
  resources: [pods, events]
  verbs: [list, watch]
# The operator's own Events on pods.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
# The workload that a pod belongs to: metadata only.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list, get]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, get]
# The thresholds by which pods are judged, and the status of each policy.
- apiGroups: [probewatch.dev]
  resources: [probepolicies]
  verbs: [list, watch]
- apiGroups: [probewatch.dev]
  resources: [probepolicies/status]
  verbs: [patch]
# The records: what was counted, so that counting continues after a restart.
- apiGroups: [probewatch.dev]
  resources: [probereports]
  verbs: [list, get, create]
- apiGroups: [probewatch.dev]
  resources: [probereports/status]
  verbs: [update]
{{- end -}}

{{- /* For named namespaces only: a ClusterRole includes it already. Nodes have no namespace; their Events are in `default`. */ -}}
{{- define "probewatch.nodeEventRights" -}}
# Events of kubelets about their nodes: reboots, and restarts of the kubelet.
- apiGroups: [""]
  resources: [events]
  verbs: [list, watch]
{{- end -}}

{{- define "probewatch.hearsNodes" -}}
{{- if or (not .Values.namespaces) (has "default" .Values.namespaces) .Values.rbac.nodeEvents -}}yes{{- end -}}
{{- end -}}

{{- /* The one Lease, in the operator's own namespace. `create` cannot be bound to a name. */ -}}
{{- define "probewatch.leaseRights" -}}
# Which replica is the leader, and when an operator last ran.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "probewatch.leaseName" . | quote }}]
  verbs: [get, update]
{{- end -}}

{{- /* Each release has its own Lease; otherwise two releases in one namespace would compete for it. */ -}}
{{- define "probewatch.leaseName" -}}
{{- include "probewatch.fullname" . -}}
{{- end -}}
