{{/*
Whole objects of a component. Arguments of all: context, component, values, name. A chart that needs more of its Deployment defines
"<chart>.env", "<chart>.annotations" or "<chart>.waits" and names them in the arguments.
*/}}

{{- define "common.deployment" -}}
{{- $labels := dict "context" .context "component" .component "values" .values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" $labels | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  {{- with .values.strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "common.selectorLabels" $labels | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "common.podLabels" $labels | nindent 8 }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "common.podSpec" (dict "context" .context "values" .values "name" .name) | nindent 6 }}
      {{- if or .waits .values.initContainers }}
      initContainers:
        {{- with .waits }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .values.initContainers }}
        {{- tpl (toYaml .) $.context | nindent 8 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .context.Chart.Name }}
          image: {{ include "common.image" (dict "context" .context "image" .values.image) }}
          imagePullPolicy: {{ .values.image.pullPolicy }}
          {{- include "common.containerSpec" (dict "values" .values) | nindent 10 }}
          {{- if .values.service }}
          ports:
            - name: http
              containerPort: {{ .values.containerPort }}
          {{- end }}
          env:
            {{- with .env }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- include "common.env" (dict "context" .context "env" .values.env) | trim | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- tpl (toYaml .) $.context | nindent 12 }}
            {{- end }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- with .values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- with .values.extraVolumes }}
        {{- tpl (toYaml .) $.context | nindent 8 }}
        {{- end }}
{{- end -}}

{{- define "common.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  {{- with .values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .values.service.type }}
  ports:
    - name: http
      port: {{ .values.service.port }}
      targetPort: http
      protocol: TCP
  selector:
    {{- include "common.selectorLabels" . | nindent 4 }}
{{- end -}}

{{- define "common.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "common.serviceAccountName" . }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{- define "common.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  {{- with .values.podDisruptionBudget.minAvailable }}
  minAvailable: {{ . }}
  {{- else }}
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable | default 1 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "common.selectorLabels" . | nindent 6 }}
{{- end -}}

{{- define "common.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}

{{/* Who may reach the component: pods of the same release, and what networkPolicy.extraFrom names. */}}
{{- define "common.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selectorLabels" . | nindent 6 }}
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/instance: {{ .context.Release.Name }}
              app.kubernetes.io/part-of: vulas
        {{- with .values.networkPolicy.extraFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - port: http
          protocol: TCP
{{- end -}}

{{/* An init container that waits until another Service of the release accepts connections. Arguments: context, name, host, port. */}}
{{- define "common.waitFor" -}}
- name: {{ .name }}
  image: {{ include "common.image" (dict "context" .context "image" .context.Values.global.utilities.image) }}
  imagePullPolicy: {{ .context.Values.global.utilities.image.pullPolicy }}
  command:
    - sh
    - -c
    - |
      until nc -w 2 "$HOST" "$PORT" </dev/null >/dev/null 2>&1; do
        [ "${said:-}" ] || { echo "waiting for $HOST:$PORT"; said=1; }
        sleep 0.5
      done
  env:
    - name: HOST
      value: {{ .host | quote }}
    - name: PORT
      value: {{ .port | quote }}
  securityContext:
    {{- toYaml .context.Values.global.utilities.securityContext | nindent 4 }}
  resources:
    {{- toYaml .context.Values.global.utilities.resources | nindent 4 }}
{{- end -}}

{{/* A `helm test` pod that asks the component's Service for a page. Arguments: context, component, values, name. */}}
{{- define "common.httpTest" -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .name }}-test
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "common.labels" (dict "context" .context "component" "test") | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65534
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: http
      image: {{ include "common.image" (dict "context" .context "image" .context.Values.global.utilities.image) }}
      imagePullPolicy: {{ .context.Values.global.utilities.image.pullPolicy }}
      command:
        - wget
        - -q
        - -O
        - /dev/null
        - {{ printf "http://%s:%v%s" .name .values.service.port .values.service.path | quote }}
      securityContext:
        {{- toYaml .context.Values.global.utilities.securityContext | nindent 8 }}
      resources:
        {{- toYaml .context.Values.global.utilities.resources | nindent 8 }}
{{- end -}}
