{{- /* What the operator does where it watches, and nothing else: a test holds that each right is used. */ -}}
{{- define "probewatch.rights" -}}
# Pods, and what the kubelet says about them: looked at, never touched.
- apiGroups: [""]
  resources: [pods, events]
  verbs: [list, watch]
# The operator's own Events on pods.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
# Whose the pods are: metadata alone.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list, get]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, get]
# By which thresholds pods are judged, and what became of each policy.
- apiGroups: [probewatch.dev]
  resources: [probepolicies]
  verbs: [list, watch]
- apiGroups: [probewatch.dev]
  resources: [probepolicies/status]
  verbs: [patch]
# The records: what was counted, so that counting goes on after a restart.
- apiGroups: [probewatch.dev]
  resources: [probereports]
  verbs: [list, get, create]
- apiGroups: [probewatch.dev]
  resources: [probereports/status]
  verbs: [update]
{{- end -}}

{{- /* Asked for where namespaces are named: a ClusterRole holds it already. Nodes have no namespace; their Events are in this one. */ -}}
{{- define "probewatch.nodeEventRights" -}}
# What kubelets say of their nodes: reboots, and their own restarts.
- apiGroups: [""]
  resources: [events]
  verbs: [list, watch]
{{- end -}}

{{- define "probewatch.hearsNodes" -}}
{{- if or (not .Values.namespaces) (has "default" .Values.namespaces) .Values.rbac.nodeEvents -}}yes{{- end -}}
{{- end -}}

{{- /* The one Lease, in the operator's own namespace. `create` cannot be bound to a name. */ -}}
{{- define "probewatch.leaseRights" -}}
# Who of the replicas leads, and when the operator was last alive.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "probewatch.leaseName" . | quote }}]
  verbs: [get, update]
{{- end -}}

{{- /* Each release has its own, or two of them in one namespace would take turns. */ -}}
{{- define "probewatch.leaseName" -}}
{{- include "probewatch.fullname" . -}}
{{- end -}}
