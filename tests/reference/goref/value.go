package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// values is helm's named type for values, by the name that matters to messages.
type values map[string]any

// decode makes a Go value of its JSON form: null, booleans and strings are themselves, an array is a []any, and every other
// type is an object with the type as its only key, such as {"int64":"5"} or {"map":{"a":null}}.
func decode(raw json.RawMessage) any {
	var any_ any
	must(json.Unmarshal(raw, &any_))
	switch v := any_.(type) {
	case nil, bool, string:
		return v
	case []any:
		return decodeList(raw)
	}
	var object map[string]json.RawMessage
	must(json.Unmarshal(raw, &object))
	for kind, body := range object {
		return decodeTyped(kind, body)
	}
	panic("empty object")
}

func decodeList(raw json.RawMessage) []any {
	var items []json.RawMessage
	must(json.Unmarshal(raw, &items))
	list := []any{}
	for _, item := range items {
		list = append(list, decode(item))
	}
	return slices.Clip(list)
}

func decodeTyped(kind string, body json.RawMessage) any {
	switch kind {
	case "map":
		var entries map[string]json.RawMessage
		must(json.Unmarshal(body, &entries))
		m := map[string]any{}
		for k, v := range entries {
			m[k] = decode(v)
		}
		return m
	case "strmap":
		m := map[string]string{}
		must(json.Unmarshal(body, &m))
		return m
	case "nilmap":
		return map[string]any(nil)
	case "nillist":
		return []any(nil)
	case "strs":
		list := []string{}
		must(json.Unmarshal(body, &list))
		return slices.Clip(list)
	case "ints":
		list := []int{}
		must(json.Unmarshal(body, &list))
		return slices.Clip(list)
	case "lists":
		list := [][]any{}
		for _, item := range decodeList(body) {
			list = append(list, item.([]any))
		}
		return list
	case "maps":
		list := []map[string]any{}
		for _, item := range decodeList(body) {
			list = append(list, item.(map[string]any))
		}
		return list
	case "bytes":
		var b []byte
		must(json.Unmarshal(body, &b))
		return slices.Clip(b)
	case "str":
		var b []byte
		must(json.Unmarshal(body, &b))
		return string(b)
	}
	var text string
	must(json.Unmarshal(body, &text))
	i, _ := strconv.ParseInt(text, 10, 64)
	u, _ := strconv.ParseUint(text, 10, 64)
	f, _ := strconv.ParseFloat(text, 64)
	switch kind {
	case "int":
		return int(i)
	case "int8":
		return int8(i)
	case "int32":
		return int32(i)
	case "int64":
		return i
	case "duration":
		return time.Duration(i)
	case "uint":
		return uint(u)
	case "uint8":
		return uint8(u)
	case "uint64":
		return u
	case "float":
		return f
	case "complex":
		return complex(f, -f)
	}
	panic("unknown kind " + kind)
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprint("goref: ", err))
	}
}
