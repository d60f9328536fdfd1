{{- define "probewatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "probewatch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "probewatch.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "probewatch.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What a Deployment's selector is made of: never change these. */ -}}
{{- define "probewatch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "probewatch.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "probewatch.labels" -}}
{{ include "probewatch.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: probewatch
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* metadata of an object: (dict "context" $ "name" … "namespace" … "labels" … "annotations" …). Names are quoted here and
elsewhere, since YAML reads some as numbers. */ -}}
{{- define "probewatch.metadata" -}}
{{- $context := .context -}}
name: {{ .name | default (include "probewatch.fullname" $context) | quote }}
{{- if not .clusterScoped }}
namespace: {{ .namespace | default $context.Release.Namespace | quote }}
{{- end }}
labels:
  {{- $labels := include "probewatch.labels" $context | fromYaml }}
  {{- toYaml (merge (dict) (.labels | default dict) $labels) | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) ($context.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "probewatch.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "probewatch.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "probewatch.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "probewatch.priorityClassName" -}}
{{- if .Values.priorityClassName -}}
{{- .Values.priorityClassName -}}
{{- else if .Values.priorityClass.create -}}
{{- include "probewatch.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "probewatch.scheme" -}}
{{- if .Values.metrics.tls.secretName }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{- /* A value as text; a whole number without an exponent. */ -}}
{{- define "probewatch.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- /* A probe: (dict "context" $ "path" … "settings" …) */ -}}
{{- define "probewatch.probe" -}}
httpGet:
  path: {{ .path }}
  port: metrics
  scheme: {{ include "probewatch.scheme" .context }}
{{ toYaml .settings }}
{{- end -}}

{{- /* What both kinds of monitors say of an endpoint: (dict "context" $ "monitor" …) */ -}}
{{- define "probewatch.endpoint" -}}
{{- $context := .context -}}
{{- $tls := $context.Values.metrics.tls.secretName -}}
port: metrics
path: /metrics
scheme: {{ include "probewatch.scheme" $context | lower }}
honorLabels: true
{{- with .monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if .monitor.tlsConfig }}
tlsConfig:
  {{- toYaml .monitor.tlsConfig | nindent 2 }}
{{- else if $tls }}
tlsConfig:
  serverName: {{ printf "%s.%s.svc" (include "probewatch.fullname" $context) $context.Release.Namespace }}
  ca:
    secret:
      name: {{ $tls | quote }}
      key: ca.crt
{{- end }}
{{- with .monitor.authorization }}
authorization:
  {{- toYaml . | nindent 2 }}
{{- end }}
# Which pod the operator runs in is no part of what it says of workloads and nodes: their series go on in its next pod and
# in the other replica, so that increase() misses no restart in between and counts none twice.
relabelings:
  - action: labeldrop
    regex: pod
  {{- with .monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
metricRelabelings:
  - sourceLabels: [workload]
    regex: .+
    targetLabel: instance
    replacement: {{ include "probewatch.fullname" $context | quote }}
  - sourceLabels: [__name__]
    regex: probewatch_node_wide_restarts_total
    targetLabel: instance
    replacement: {{ include "probewatch.fullname" $context | quote }}
  {{- with .monitor.metricRelabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
