{{/* What no schema can say. A StatefulSet's name is part of a label of its pods, which leaves 52 characters: 36 for the release. */}}
{{- define "core.validate" -}}
{{- if gt (len .Release.Name) 36 -}}
{{- fail (printf "the release's name may have at most 36 characters, because everything it makes is named after it: %q has %d" .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- end -}}
