{{/*
Names and labels. Everything a release makes begins with the release's name, so that two releases can live in one namespace.
*/}}

{{/* Name of what this chart makes: <release>-<chart>. Context: the chart. */}}
{{- define "common.fullname" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name -}}
{{- end -}}

{{/* Labels that selectors use; they never change. Arguments: context, component. */}}
{{- define "common.selectorLabels" -}}
app.kubernetes.io/name: {{ .context.Chart.Name }}
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of every object. Arguments: context, component. */}}
{{- define "common.labels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: vulas
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name (.context.Chart.Version | replace "+" "_") }}
{{- end -}}

{{/* Labels of a pod. Arguments: context, component, values (with podLabels). */}}
{{- define "common.podLabels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/part-of: vulas
{{- with .values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name of the Secret that holds the database's credentials. Context: any chart of core. */}}
{{- define "common.databaseSecret" -}}
{{- .Values.global.database.existingSecret | default (printf "%s-database" .Release.Name) -}}
{{- end -}}

{{/* Name of the service account. Arguments: context, values, name (of the default account). */}}
{{- define "common.serviceAccountName" -}}
{{- if .values.serviceAccount.create -}}
{{- .values.serviceAccount.name | default .name -}}
{{- else -}}
{{- .values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}
