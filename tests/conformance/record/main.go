// Records what a real Kubernetes API server serves, as the table that the sandbox is driven by (src/sandbox/schema/kubernetes.json.gz).
//
// Two sources: the server's own documents (openapi v2, aggregated discovery, version), asked of the cluster of $KUBECONFIG, and
// the Go types of k8s.io/api, which say what the documents do not: whether an empty value is kept, and the numbers of fields in
// protobuf messages. record.sh runs it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	aggregator "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type object = map[string]any

// Groups and versions that the sandbox serves. A group has one version here: the sandbox converts nothing.
var served = map[string]string{
	"": "v1", "apps": "v1", "batch": "v1", "networking.k8s.io": "v1", "policy": "v1", "rbac.authorization.k8s.io": "v1",
	"storage.k8s.io": "v1", "coordination.k8s.io": "v1", "autoscaling": "v2", "discovery.k8s.io": "v1",
	"admissionregistration.k8s.io": "v1", "apiextensions.k8s.io": "v1", "authorization.k8s.io": "v1",
	"authentication.k8s.io": "v1", "scheduling.k8s.io": "v1", "apiregistration.k8s.io": "v1", "node.k8s.io": "v1",
}

var client rest.Interface
var definitions object
var types = object{}

// What the Go type says of a field: `numbers` is the way to it in protobuf messages, since structs that JSON has inline are
// messages of their own there.
type goField struct {
	omitZero, always, keepZero bool
	numbers                    []int
}

// Structs that JSON shows as scalars.
var opaque = map[string]bool{"Time": true, "MicroTime": true, "Quantity": true, "IntOrString": true, "FieldsV1": true, "RawExtension": true}

var goTypes = map[string]map[string]goField{}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		panic(err)
	}
	client = discovery.NewDiscoveryClientForConfigOrDie(config).RESTClient()
	swagger := read("/openapi/v2")
	definitions = swagger["definitions"].(object)
	for _, add := range []func(*runtime.Scheme) error{apiext.AddToScheme, aggregator.AddToScheme} {
		if err := add(scheme.Scheme); err != nil {
			panic(err)
		}
	}
	for _, t := range scheme.Scheme.AllKnownTypes() {
		visit(t)
	}
	byKind := map[string]string{}
	for name, d := range definitions {
		for _, g := range list(d.(object)["x-kubernetes-group-version-kind"]) {
			g := g.(object)
			byKind[fmt.Sprint(g["group"], "/", g["version"], "/", g["kind"])] = name
		}
	}
	var kinds []any
	for _, path := range []string{"/api", "/apis"} {
		for _, group := range list(read(path)["items"]) {
			name, _ := group.(object)["metadata"].(object)["name"].(string)
			for _, version := range list(group.(object)["versions"]) {
				version := version.(object)
				if served[name] != version["version"] {
					continue
				}
				for _, r := range list(version["resources"]) {
					r := r.(object)
					kind := r["responseKind"].(object)["kind"].(string)
					def := byKind[fmt.Sprint(name, "/", version["version"], "/", kind)]
					if def == "" {
						continue
					}
					k := object{
						"group": name, "version": version["version"], "kind": kind, "plural": r["resource"],
						"singular": r["singularResource"], "namespaced": r["scope"] == "Namespaced", "verbs": r["verbs"],
						"type": def,
					}
					for from, to := range map[string]string{"shortNames": "short", "categories": "categories"} {
						if r[from] != nil {
							k[to] = r[from]
						}
					}
					subs := object{}
					for _, s := range list(r["subresources"]) {
						s := s.(object)
						subs[s["subresource"].(string)] = object{"kind": s["responseKind"], "verbs": s["verbs"]}
					}
					if len(subs) > 0 {
						k["subresources"] = subs
					}
					kinds = append(kinds, k)
					define(def)
				}
			}
		}
	}
	for _, extra := range []string{
		"io.k8s.api.autoscaling.v1.Scale", "io.k8s.api.policy.v1.Eviction", "io.k8s.api.authentication.v1.TokenRequest",
		"io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
	} {
		define(extra)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(object{"version": read("/version"), "kinds": kinds, "types": types}); err != nil {
		panic(err)
	}
}

func read(path string) object {
	accept := "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
	bytes, err := client.Get().AbsPath(path).SetHeader("Accept", accept).DoRaw(context.Background())
	if err != nil {
		panic(err)
	}
	var o object
	if err := json.Unmarshal(bytes, &o); err != nil {
		panic(err)
	}
	return o
}

func list(v any) []any { l, _ := v.([]any); return l }

// The name that openapi v2 has for a Go type.
func nameOf(t reflect.Type) string {
	host, rest, _ := strings.Cut(t.PkgPath(), "/")
	parts := strings.Split(host, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(rest, "/", ".") + "." + t.Name()
}

func visit(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		visit(t.Elem())
	case reflect.Struct:
		name := nameOf(t)
		if goTypes[name] != nil {
			return
		}
		goTypes[name] = map[string]goField{}
		fields(t, goTypes[name], nil)
	}
}

func fields(t reflect.Type, into map[string]goField, way []int) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		here := way
		if parts := strings.Split(f.Tag.Get("protobuf"), ","); len(parts) > 1 {
			if number, err := strconv.Atoi(parts[1]); err == nil {
				here = append(append([]int{}, way...), number)
			}
		}
		if f.Anonymous && tag == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() != reflect.Struct {
				continue
			}
			if f.Tag.Get("protobuf") == "" {
				here = []int{-1} // not part of the message (TypeMeta)
			}
			fields(inner, into, here)
			continue
		}
		visit(f.Type)
		if tag == "" || tag == "-" {
			continue
		}
		omit := strings.Contains(options, "omitempty")
		zero := strings.Contains(options, "omitzero")
		kind := f.Type.Kind()
		into[tag] = goField{
			omitZero: omit && kind != reflect.Pointer && kind != reflect.Interface && kind != reflect.Struct,
			always:   kind == reflect.Struct && !zero && !opaque[f.Type.Name()],
			keepZero: kind != reflect.Struct && !omit && !zero,
			numbers:  here,
		}
	}
}

func define(name string) {
	if types[name] != nil {
		return
	}
	d := definitions[name].(object)
	if scalar, ok := d["type"].(string); ok && scalar != "object" {
		s := scalar
		if f, ok := d["format"].(string); ok {
			s += ":" + f
		}
		types[name] = object{"s": s}
		return
	}
	t := object{}
	types[name] = t
	if d["x-kubernetes-map-type"] == "atomic" {
		t["a"] = true
	}
	if d["required"] != nil {
		t["r"] = d["required"]
	}
	props, _ := d["properties"].(object)
	if props == nil {
		t["any"] = true
		if add, ok := d["additionalProperties"].(object); ok {
			t["m"] = ref(add)
			delete(t, "any")
		}
		return
	}
	fs := object{}
	for field, p := range props {
		r := ref(p.(object))
		g := goTypes[name][field]
		o, ok := r.(object)
		if !ok {
			o = object{"t": r}
		}
		if g.omitZero {
			o["z"] = true
		}
		if g.always {
			o["e"] = true
		}
		if g.keepZero {
			o["n"] = true
		}
		if len(g.numbers) > 0 && g.numbers[0] > 0 {
			o["p"] = g.numbers
		}
		r = o
		fs[field] = r
	}
	t["f"] = fs
}

// A reference to a type: a scalar's name, "@definition", or an object that says more.
func ref(p object) any {
	if target, ok := p["$ref"].(string); ok {
		name := strings.TrimPrefix(target, "#/definitions/")
		define(name)
		if p["x-kubernetes-map-type"] == "atomic" {
			return object{"t": "@" + name, "a": true}
		}
		return "@" + name
	}
	switch p["type"] {
	case "array":
		o := object{"l": ref(p["items"].(object)), "k": p["x-kubernetes-list-map-keys"], "lt": p["x-kubernetes-list-type"]}
		if s, ok := p["x-kubernetes-patch-strategy"]; ok {
			o["ps"] = s
		}
		if k, ok := p["x-kubernetes-patch-merge-key"]; ok {
			o["pk"] = k
		}
		for _, k := range []string{"k", "lt"} {
			if o[k] == nil {
				delete(o, k)
			}
		}
		return o
	case "object":
		o := object{}
		if add, ok := p["additionalProperties"].(object); ok {
			o["m"] = ref(add)
		} else {
			return "any"
		}
		if p["x-kubernetes-map-type"] == "atomic" {
			o["a"] = true
		}
		return o
	case nil:
		return "any"
	}
	s := p["type"].(string)
	if f, ok := p["format"].(string); ok {
		s += ":" + f
	}
	if strategy, ok := p["x-kubernetes-patch-strategy"]; ok {
		return object{"t": s, "ps": strategy}
	}
	return s
}
