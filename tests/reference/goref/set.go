package main

import (
	"encoding/json"
	"fmt"

	"helm.sh/helm/v4/pkg/strvals"
)

func init() { register("set", set) }

// set merges a text of --set or its like into values. The answer has the values afterwards, and the error if there is one.
func set(in json.RawMessage) (any, error) {
	var request struct {
		Kind, Text string
		Into       json.RawMessage
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	value, err := unpack(request.Into)
	if err != nil {
		return nil, err
	}
	parse, found := map[string]func(string, map[string]any) error{
		"set": strvals.ParseInto, "string": strvals.ParseIntoString, "json": strvals.ParseJSON, "literal": strvals.ParseLiteralInto,
	}[request.Kind]
	if !found {
		return nil, fmt.Errorf("no kind %q", request.Kind)
	}
	into := value.(map[string]any)
	return withError(into, parse(request.Text, into))
}
