{{/* Settings of master and slaves alike: a standby may not allow less than its master. */}}
{{- define "database.postgresql.conf" -}}
{{- $postgres := .Values.postgres -}}
{{- $major := include "database.major" . | int -}}
# Written from the release's values at every start.
listen_addresses = '*'
port = 5432
unix_socket_directories = '/run/vulas,/var/run/postgresql,/tmp'
max_connections = {{ $postgres.maxConnections }}
shared_buffers = {{ include "database.setting" $postgres.sharedBuffers }}
password_encryption = {{ include "database.setting" (ternary "md5" "scram-sha-256" (eq $postgres.authMethod "md5")) }}
wal_level = logical
max_wal_senders = {{ $postgres.maxWalSenders }}
max_replication_slots = {{ $postgres.maxReplicationSlots }}
max_worker_processes = 16
max_logical_replication_workers = 8
{{- if lt $major 13 }}
wal_keep_segments = {{ divf $postgres.walKeepMB 16 | ceil | int }}
{{- else }}
wal_keep_size = {{ printf "%vMB" $postgres.walKeepMB | squote }}
max_slot_wal_keep_size = {{ include "database.setting" $postgres.maxSlotWalKeepSize }}
{{- end }}
wal_receiver_status_interval = '1s'
wal_retrieve_retry_interval = '1s'
hot_standby = on
hot_standby_feedback = on
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
{{- range $name, $value := $postgres.settings }}
{{ $name }} = {{ include "database.setting" $value }}
{{- end }}
{{- end -}}

{{/* Within the container everyone is let in, as in the stock image; "replication" in the second column matches physical replication only. */}}
{{- define "database.pg_hba.conf" -}}
{{- $method := .Values.postgres.authMethod -}}
local all         all trust
local replication all trust
{{- range .Values.postgres.pgHba }}
{{ . }}
{{- end }}
host  all         all all {{ $method }}
host  replication {{ .Values.auth.replicationUsername | quote }} all {{ $method }}
{{- end -}}

{{/* Kubernetes does the failover, so pgpool has nothing to decide: it spreads reads and pools connections. */}}
{{- define "database.pgpool.conf" -}}
{{- $fullname := include "common.fullname" . -}}
listen_addresses = '*'
port = 5432
socket_dir = '/tmp'
pcp_socket_dir = '/tmp'
pid_file_name = '/tmp/pgpool.pid'
logdir = '/tmp'
backend_clustering_mode = 'streaming_replication'
backend_hostname0 = {{ printf "%s-master" $fullname | squote }}
backend_port0 = {{ .Values.service.port }}
backend_weight0 = 1
backend_flag0 = 'ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER'
backend_application_name0 = 'master'
{{- if gt (int .Values.postgres.slave.replicas) 0 }}
backend_hostname1 = {{ printf "%s-slave" $fullname | squote }}
backend_port1 = {{ .Values.service.port }}
backend_weight1 = {{ .Values.pgpool.slaveWeight }}
backend_flag1 = 'DISALLOW_TO_FAILOVER'
backend_application_name1 = 'slave'
{{- end }}
failover_on_backend_error = off
failover_on_backend_shutdown = off
enable_pool_hba = off
allow_clear_text_frontend_auth = on
connection_cache = on
sr_check_period = 10
delay_threshold = 10000000
{{- range $name, $value := .Values.pgpool.settings }}
{{ $name }} = {{ include "database.setting" $value }}
{{- end }}
{{- end -}}
