package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Values travel as JSON that tells Go's types apart: null, booleans and arrays ([]any) as they are; all else as an object
// with one key: f (float64, its bits in hex), I (int), i (int64), u (uint64), s (string, base64), b ([]byte, base64),
// m (map[string]any, pairs), ls ([]string, base64 each), nm and nl (nil map and nil slice), o (another type: its %T and %v).
// Read only: I8, I32, U, U8 (integers), d (time.Duration), c (complex128), ms (map[string]string), lI ([]int), ll ([][]any),
// lm ([]map[string]any).

// unpack reads a value.
func unpack(raw json.RawMessage) (any, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	switch raw[0] {
	case 't', 'f':
		return raw[0] == 't', nil
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
		list := make([]any, len(items))
		for i, item := range items {
			value, err := unpack(item)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	}
	var tagged map[string]json.RawMessage
	if err := json.Unmarshal(raw, &tagged); err != nil {
		return nil, err
	}
	for tag, body := range tagged {
		switch tag {
		case "m":
			var pairs [][2]json.RawMessage
			if err := json.Unmarshal(body, &pairs); err != nil {
				return nil, err
			}
			m := make(map[string]any, len(pairs))
			for _, pair := range pairs {
				key, err := unpackBytes(pair[0])
				if err != nil {
					return nil, err
				}
				if m[string(key)], err = unpack(pair[1]); err != nil {
					return nil, err
				}
			}
			return m, nil
		case "ls":
			var items []json.RawMessage
			if err := json.Unmarshal(body, &items); err != nil {
				return nil, err
			}
			list := make([]string, len(items))
			for i, item := range items {
				text, err := unpackBytes(item)
				if err != nil {
					return nil, err
				}
				list[i] = string(text)
			}
			return list, nil
		case "ms", "lI", "ll", "lm":
			return unpackTyped(tag, body)
		case "s":
			text, err := unpackBytes(body)
			return string(text), err
		case "b":
			b, err := unpackBytes(body)
			return slices.Clip(b), err
		case "nm":
			return map[string]any(nil), nil
		case "nl":
			return []any(nil), nil
		}
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			return nil, err
		}
		switch tag {
		case "f":
			bits, err := strconv.ParseUint(text, 16, 64)
			return math.Float64frombits(bits), err
		case "I":
			return strconv.Atoi(text)
		case "i":
			return strconv.ParseInt(text, 10, 64)
		case "u":
			return strconv.ParseUint(text, 10, 64)
		case "I8":
			n, err := strconv.ParseInt(text, 10, 8)
			return int8(n), err
		case "I32":
			n, err := strconv.ParseInt(text, 10, 32)
			return int32(n), err
		case "d":
			n, err := strconv.ParseInt(text, 10, 64)
			return time.Duration(n), err
		case "U":
			n, err := strconv.ParseUint(text, 10, 64)
			return uint(n), err
		case "U8":
			n, err := strconv.ParseUint(text, 10, 8)
			return uint8(n), err
		case "c":
			return strconv.ParseComplex(text, 128)
		}
	}
	return nil, fmt.Errorf("not a packed value: %s", raw)
}

// unpackTyped reads maps and slices with elements of one type.
func unpackTyped(tag string, body json.RawMessage) (any, error) {
	if tag == "ms" {
		m := map[string]string{}
		return m, json.Unmarshal(body, &m)
	}
	if tag == "lI" {
		list := []int{}
		err := json.Unmarshal(body, &list)
		return slices.Clip(list), err
	}
	value, err := unpack(body)
	if err != nil {
		return nil, err
	}
	lists, maps := [][]any{}, []map[string]any{}
	for _, item := range value.([]any) {
		switch item := item.(type) {
		case []any:
			lists = append(lists, item)
		case map[string]any:
			maps = append(maps, item)
		}
	}
	if tag == "ll" {
		return slices.Clip(lists), nil
	}
	return slices.Clip(maps), nil
}

func unpackBytes(raw json.RawMessage) ([]byte, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

// pack writes a value.
func pack(value any) any {
	switch v := value.(type) {
	case nil, bool:
		return v
	case float64:
		return map[string]any{"f": strconv.FormatUint(math.Float64bits(v), 16)}
	case int:
		return map[string]any{"I": strconv.Itoa(v)}
	case int64:
		return map[string]any{"i": strconv.FormatInt(v, 10)}
	case uint64:
		return map[string]any{"u": strconv.FormatUint(v, 10)}
	case string:
		return map[string]any{"s": encode(v)}
	case []byte:
		return map[string]any{"b": encode(string(v))}
	case []string:
		if v == nil {
			return map[string]any{"nl": 1}
		}
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = encode(item)
		}
		return map[string]any{"ls": items}
	case []any:
		if v == nil {
			return map[string]any{"nl": 1}
		}
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = pack(item)
		}
		return items
	case map[string]any:
		if v == nil {
			return map[string]any{"nm": 1}
		}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		pairs := make([][2]any, len(keys))
		for i, key := range keys {
			pairs[i] = [2]any{encode(key), pack(v[key])}
		}
		return map[string]any{"m": pairs}
	}
	return map[string]any{"o": fmt.Sprintf("%T %v", value, value)}
}

// packText writes a value of any depth as one text, in base64: n (nil), T, F, f (float64, its bits in hex), I (int), i (int64),
// u (uint64), s (string, quoted), b ([]byte, quoted), [...] ([]any), {...} (map[string]any), S[...] ([]string), M[...] ([]map[string]any), N and L (nil map
// and nil slice), times as strings, o (another type: its %T and %v, quoted).
func packText(value any) string {
	var out strings.Builder
	packInto(&out, value)
	return encode(out.String())
}

func packInto(out *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		out.WriteString("n")
	case bool:
		out.WriteString(map[bool]string{true: "T", false: "F"}[v])
	case float64:
		out.WriteString("f" + strconv.FormatUint(math.Float64bits(v), 16))
	case int:
		out.WriteString("I" + strconv.Itoa(v))
	case int64:
		out.WriteString("i" + strconv.FormatInt(v, 10))
	case uint64:
		out.WriteString("u" + strconv.FormatUint(v, 10))
	case string:
		out.WriteString("s" + strconv.Quote(v))
	case []byte:
		out.WriteString("b" + strconv.Quote(string(v)))
	case []string:
		if v == nil {
			out.WriteString("L")
			return
		}
		out.WriteString("S[")
		for _, item := range v {
			out.WriteString(strconv.Quote(item) + " ")
		}
		out.WriteString("]")
	case []any:
		if v == nil {
			out.WriteString("L")
			return
		}
		out.WriteString("[")
		for _, item := range v {
			packInto(out, item)
			out.WriteString(" ")
		}
		out.WriteString("]")
	case map[string]any:
		if v == nil {
			out.WriteString("N")
			return
		}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		out.WriteString("{")
		for _, key := range keys {
			out.WriteString(strconv.Quote(key) + ":")
			packInto(out, v[key])
			out.WriteString(" ")
		}
		out.WriteString("}")
	case []map[string]any:
		out.WriteString("M[")
		for _, item := range v {
			packInto(out, item)
			out.WriteString(" ")
		}
		out.WriteString("]")
	case time.Time:
		zone := v.Location().String()
		if !strings.HasSuffix(zone, "-local") {
			_, offset := v.Zone()
			zone = strconv.Itoa(offset)
		}
		out.WriteString("s" + strconv.Quote(v.Format("2006-01-02T15:04:05.000000000 ")+zone))
	default:
		out.WriteString("o" + strconv.Quote(fmt.Sprintf("%T %v", value, value)))
	}
}
