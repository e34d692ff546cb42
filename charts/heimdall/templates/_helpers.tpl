{{- define "heimdall.labels" -}}
app.kubernetes.io/name: heimdall
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "heimdall.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod shares: who it runs as, and where its settings come from. */}}
{{- define "heimdall.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext: { runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: { type: RuntimeDefault } }
terminationGracePeriodSeconds: {{ .Values.stopGraceSeconds }}
{{- end }}

{{- define "heimdall.container" -}}
image: {{ include "heimdall.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
envFrom:
  - configMapRef: { name: {{ .Release.Name }}-env }
  - secretRef: { name: {{ .Values.existingSecret }} }
volumeMounts: [{ name: tmp, mountPath: /tmp }]
{{- end }}

{{- define "heimdall.volumes" -}}
volumes: [{ name: tmp, emptyDir: {} }]
{{- end }}

{{- define "heimdall.probes" -}}
livenessProbe:
  httpGet: { path: /livez, port: http, httpHeaders: [{ name: Host, value: {{ .Values.probeHost }} }] }
  periodSeconds: 10
  failureThreshold: 3
{{- end }}
