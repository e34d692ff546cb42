{{- define "heimdall.labels" -}}
app.kubernetes.io/name: heimdall
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "heimdall.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod shares: who it runs as, how long it may take to stop. */}}
{{- define "heimdall.pod" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{ end -}}
automountServiceAccountToken: false
securityContext: { runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: { type: RuntimeDefault } }
terminationGracePeriodSeconds: {{ .Values.stopGraceSeconds }}
volumes: [{ name: tmp, emptyDir: {} }]
{{- end }}

{{/*
What every container shares. Settings stand in the pod itself, so that a changed one rolls the pods, and a
rollback brings the former ones back. Takes the root and further settings as `more`.
*/}}
{{- define "heimdall.container" -}}
image: {{ include "heimdall.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
env:
  {{- range $name, $value := merge (dict "ALLOWED_HOSTS" (print .root.Values.env.ALLOWED_HOSTS ",localhost")) (.more | default dict) .root.Values.env }}
  - { name: {{ $name }}, value: {{ $value | quote }} }
  {{- end }}
envFrom: [{ secretRef: { name: {{ .root.Values.existingSecret }} } }]
volumeMounts: [{ name: tmp, mountPath: /tmp }]
{{- end }}

{{/* Pods are asked by address, so probes say a host name that is always served. */}}
{{- define "heimdall.probe" -}}
httpGet: { path: {{ . }}, port: http, httpHeaders: [{ name: Host, value: localhost }] }
{{- end }}
