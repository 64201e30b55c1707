apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "fullname" . }}-database-master
  namespace: {{ .Release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .Chart.Name | quote }}
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
spec:
  replicas: {{ .Values.master.replicas }}
  serviceName: {{ include "fullname" . }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
  template:
    metadata:
      annotations:
        {{- range $key, $value := .Values.master.annotations }}
        {{ $key }}: {{ $value | quote }}
        {{- end }}
    spec:
      {{- with .Values.master.securityContext }}
      securityContext:
        runAsUser: {{ .runAsUser }}
        fsGroup: {{ .fsGroup }}
      {{- end }}
      containers:
      - name: {{ .Chart.Name }}
        image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
        {{- if .Values.image.pullPolicy }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        {{- end }}
        env:
        {{- range .Values.master.env }}
        - name: {{ .name }}
          value: {{ .value | quote }}
        {{- end }}
        {{- if and .Values.master.probes.enabled (eq .Values.master.probes.kind "tcp") }}
        livenessProbe:
          tcpSocket: { port: {{ .Values.master.port }} }
          periodSeconds: {{ .Values.master.probes.period }}
        {{- end }}
