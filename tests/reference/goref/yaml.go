package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/BurntSushi/toml"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
	yamlv3 "sigs.k8s.io/yaml/goyaml.v3"
)

// reading registers an operation on bytes.
func reading(name string, read func(in []byte) (any, error)) {
	register(name, func(raw json.RawMessage) (any, error) {
		in, err := unpackBytes(raw)
		if err != nil {
			panic(err)
		}
		return read(in)
	})
}

// writing registers an operation on a value.
func writing(name string, write func(value any) ([]byte, error)) {
	register(name, func(raw json.RawMessage) (any, error) {
		value, err := unpack(raw)
		if err != nil {
			panic(err)
		}
		out, err := write(value)
		return encode(string(out)), err
	})
}

// withError is the answer of functions that give a value and an error.
func withError(value any, err error) (any, error) {
	reply := map[string]any{"value": packText(value)}
	if err != nil {
		reply["error"] = encode(err.Error())
	}
	return reply, nil
}

// viaJSON shows a struct as JSON has it.
func viaJSON(target any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(target)
	return encode(string(text)), err
}

func init() {
	reading("fromYaml", func(in []byte) (any, error) {
		var v any
		err := yaml.Unmarshal(in, &v)
		return packText(v), err
	})
	reading("fromYamlMap", func(in []byte) (any, error) {
		v := map[string]any{}
		return withError(v, yaml.Unmarshal(in, &v))
	})
	reading("fromYamlList", func(in []byte) (any, error) {
		v := []any{}
		return withError(v, yaml.Unmarshal(in, &v))
	})
	reading("fromYamlStrict", func(in []byte) (any, error) {
		var v any
		err := yaml.UnmarshalStrict(in, &v)
		return packText(v), err
	})
	reading("metadata", func(in []byte) (any, error) {
		v := new(chart.Metadata)
		return viaJSON(v, yaml.Unmarshal(in, v))
	})
	reading("metadataStrict", func(in []byte) (any, error) {
		v := new(chart.Metadata)
		return viaJSON(v, yaml.UnmarshalStrict(in, v))
	})
	reading("fromJson", func(in []byte) (any, error) {
		var v any
		err := json.Unmarshal(in, &v)
		return packText(v), err
	})
	reading("fromJsonMap", func(in []byte) (any, error) {
		v := map[string]any{}
		err := json.Unmarshal(in, &v)
		return withError(v, err)
	})
	reading("fromJsonList", func(in []byte) (any, error) {
		v := []any{}
		err := json.Unmarshal(in, &v)
		return withError(v, err)
	})
	reading("fromJsonPrefix", func(in []byte) (any, error) {
		var v any
		decoder := json.NewDecoder(bytes.NewReader(in))
		if err := decoder.Decode(&v); err != nil {
			return nil, err
		}
		return []any{packText(v), decoder.InputOffset()}, nil
	})
	reading("documents", func(in []byte) (any, error) {
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(in)))
		documents := []string{}
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return documents, nil
			}
			if err != nil {
				return nil, err
			}
			documents = append(documents, encode(string(document)))
		}
	})
	reading("fromToml", func(in []byte) (any, error) {
		v := map[string]any{}
		err := toml.Unmarshal(in, &v)
		return withError(v, err)
	})
	writing("toYaml", func(v any) ([]byte, error) { return yaml.Marshal(v) })
	writing("toYamlPretty", func(v any) ([]byte, error) {
		var out bytes.Buffer
		encoder := yamlv3.NewEncoder(&out)
		encoder.SetIndent(2)
		err := encoder.Encode(v)
		return out.Bytes(), err
	})
	writing("toJson", func(v any) ([]byte, error) { return json.Marshal(v) })
	writing("toRawJson", func(v any) ([]byte, error) {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(v)
		return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
	})
	writing("toJsonIndent", func(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") })
	writing("toToml", func(v any) ([]byte, error) {
		var out bytes.Buffer
		err := toml.NewEncoder(&out).Encode(v)
		return out.Bytes(), err
	})
}
