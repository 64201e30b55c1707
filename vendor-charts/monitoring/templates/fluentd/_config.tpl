{{/* Reads the container runtime's log files and sends them on; file positions are kept on the node, so that a restart loses nothing. */}}
{{- define "monitoring.fluent.conf" -}}
<source>
  @type tail
  {{- $paths := list }}
  {{- range .Values.fluentd.namespaces | default (list "*") }}
  {{- $paths = append $paths (printf "/var/log/containers/*_%s_*.log" .) }}
  {{- end }}
  path {{ join "," $paths }}
  pos_file /state/containers.pos
  tag kubernetes.*
  read_from_head true
  <parse>
    @type regexp
    expression /^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<part>[FP]) (?<message>.*)$/
    time_format %Y-%m-%dT%H:%M:%S.%N%:z
  </parse>
</source>
<source>
  @type monitor_agent
  bind 0.0.0.0
  port {{ .Values.fluentd.containerPort }}
</source>
<filter kubernetes.**>
  @type record_transformer
  enable_ruby true
  <record>
    file ${tag}
    pod ${tag_parts[4].split('_')[0]}
    namespace ${tag_parts[4].split('_')[1]}
  </record>
</filter>
<match **>
  @type elasticsearch
  host {{ .Release.Name }}-elasticsearch
  port {{ .Values.elasticsearch.service.port }}
  logstash_format true
  logstash_prefix logs
  <buffer>
    @type file
    path /state/buffer
    flush_interval 5s
    retry_max_interval 60s
    total_limit_size 256m
    overflow_action drop_oldest_chunk
  </buffer>
</match>
{{- end -}}
