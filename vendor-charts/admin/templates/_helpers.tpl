{{- define "admin.coreNamespace" -}}
{{- .Values.global.coreNamespace | default .Release.Namespace -}}
{{- end -}}

{{- define "admin.ingressClass" -}}
{{- .Values.ingressClass.name | default (printf "%s-nginx" .Release.Name) -}}
{{- end -}}

{{- define "admin.controller" -}}
{{- printf "%s-controller" .Release.Name -}}
{{- end -}}

{{/* Name of what belongs to the whole cluster: two releases of one name may live in two namespaces. */}}
{{- define "admin.clusterName" -}}
{{- printf "%s-%s-controller" .Release.Namespace .Release.Name -}}
{{- end -}}
