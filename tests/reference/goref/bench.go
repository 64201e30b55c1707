package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"
)

func init() { register("bench", bench) }

// bench compiles and executes the template of benches/template.rs as that does.
func bench(in json.RawMessage) (any, error) {
	var request struct{ Text, Helpers string }
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	type m = map[string]any
	env := func(name string) any { return m{"name": name, "value": "some value"} }
	data := m{
		"Release": m{"Name": "alpha", "Namespace": "vulas-core"},
		"Chart":   m{"Name": "core", "Version": "3.2.0", "AppVersion": "3.2.0"},
		"Values": m{
			"image": m{"registry": "docker.io", "repository": "library/postgres", "tag": "", "pullPolicy": "IfNotPresent"},
			"master": m{
				"replicas": 1.0, "port": 5432.0,
				"annotations":     m{"a/one": "1", "b/two": "2", "c/three": "3"},
				"securityContext": m{"runAsUser": 999.0, "fsGroup": 999.0},
				"env":             []any{env("PGDATA"), env("POSTGRES_DB"), env("POSTGRES_USER")},
				"probes":          m{"enabled": true, "kind": "tcp", "period": 10.0},
			},
		},
	}
	root := template.New("bench").Option("missingkey=zero")
	root.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := root.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"quote": func(v any) string { return fmt.Sprintf("%q", v) },
		"default": func(d, v any) any {
			if truth, _ := template.IsTrue(v); truth {
				return v
			}
			return d
		},
	})
	template.Must(root.New("helpers").Parse(request.Helpers))
	template.Must(root.New("manifest").Parse(request.Text))
	var out bytes.Buffer
	if err := root.ExecuteTemplate(&out, "manifest", data); err != nil {
		return nil, err
	}
	compile := shortest(func() { template.Must(root.New("manifest").Parse(request.Text)) })
	execute := shortest(func() {
		out.Reset()
		_ = root.ExecuteTemplate(&out, "manifest", data)
	})
	return m{"bytes": out.Len(), "compile": compile.String(), "execute": execute.String()}, nil
}

func shortest(work func()) time.Duration {
	best := time.Hour
	for range 2000 {
		start := time.Now()
		work()
		best = min(best, time.Since(start))
	}
	return best
}
