package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
)

// answer is an output or an error text.
type answer struct {
	Out []byte `json:"out"`
	Err []byte `json:"err"`
}

func init() {
	ops["template"] = runTemplate
	ops["sprintf"] = runSprintf
	ops["float"] = runFloat
	ops["unquote"] = runUnquote
	ops["literals"] = runLiterals
	ops["runes"] = runRunes
}

// functions are the template functions that the other side has as well.
func functions(t *template.Template) template.FuncMap {
	return template.FuncMap{
		"list":   func(v ...any) []any { return v },
		"strs":   func(v ...string) []string { return v },
		"dict":   func(k string, v any) map[string]any { return map[string]any{k: v} },
		"echo":   func(v any) any { return v },
		"typeOf": func(v any) string { return fmt.Sprintf("%T", v) },
		"typed":  func(a int, b string, c ...float64) string { return fmt.Sprint(a, b, c) },
		"i64":    func(v int64) int64 { return v + 1 },
		"flag":   func(v bool) bool { return !v },
		"size":   func(v []any) int { return len(v) },
		"keys":   func(v map[string]any) int { return len(v) },
		"raw":    func(v []byte) string { return string(v) },
		"joined": func(v []string) string { return strings.Join(v, "+") },
		"dur":    func(v time.Duration) time.Duration { return v },
		"upper":  strings.ToUpper,
		"now0":   func() int { return 42 },
		"die":    func(v string) (string, error) { return "", errors.New("died of " + v) },
		"panics": func(v string) string { panic("in panic: " + v) },
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := t.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
	}
}

func runTemplate(raw json.RawMessage) any {
	var request struct {
		Name, MissingKey string
		Text             []byte
		Before           [][]byte
		Data             json.RawMessage
	}
	must(json.Unmarshal(raw, &request))
	root := template.New("root").Option("missingkey=" + request.MissingKey)
	root.Funcs(functions(root))
	for i, text := range request.Before {
		if _, err := root.New(fmt.Sprint("before", i)).Parse(string(text)); err != nil {
			return answer{Err: []byte(err.Error())}
		}
	}
	if _, err := root.New(request.Name).Parse(string(request.Text)); err != nil {
		return answer{Err: []byte(err.Error())}
	}
	var out bytes.Buffer
	if err := root.ExecuteTemplate(&out, request.Name, decode(request.Data)); err != nil {
		return answer{Err: []byte(err.Error())}
	}
	return answer{Out: out.Bytes()}
}

func runSprintf(raw json.RawMessage) any {
	var request struct {
		Format []byte
		Args   json.RawMessage
	}
	must(json.Unmarshal(raw, &request))
	args := decodeList(request.Args)
	return struct {
		Printf  []byte `json:"printf"`
		Print   []byte `json:"print"`
		Println []byte `json:"println"`
	}{
		[]byte(fmt.Sprintf(string(request.Format), args...)),
		[]byte(fmt.Sprint(args...)),
		[]byte(fmt.Sprintln(args...)),
	}
}

// runFloat formats a float, and reads a text as numbers.
func runFloat(raw json.RawMessage) any {
	var request struct {
		Bits      uint64 `json:",string"`
		Format    string
		Precision int
		Text      string
	}
	must(json.Unmarshal(raw, &request))
	show := func(v any, err error) string {
		if err != nil {
			return errors.Unwrap(err).Error()
		}
		return fmt.Sprint(v)
	}
	f, err := strconv.ParseFloat(request.Text, 64)
	i, ierr := strconv.ParseInt(request.Text, 0, 64)
	u, uerr := strconv.ParseUint(request.Text, 0, 64)
	return map[string]string{
		"text":  strconv.FormatFloat(math.Float64frombits(request.Bits), request.Format[0], request.Precision, 64),
		"float": show(fmt.Sprintf("%x", f), err),
		"int":   show(i, ierr),
		"uint":  show(u, uerr),
	}
}

func runUnquote(raw json.RawMessage) any {
	var request struct{ Text []byte }
	must(json.Unmarshal(raw, &request))
	text := string(request.Text)
	out, err := strconv.Unquote(text)
	if err != nil || text[0] == '\'' {
		return answer{Err: []byte("invalid syntax")}
	}
	return answer{Out: []byte(out)}
}

// runLiterals lists the string literals of Go's own test files, which hold the inputs of its test tables.
func runLiterals(raw json.RawMessage) any {
	var request struct{ Glob string }
	must(json.Unmarshal(raw, &request))
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", request.Glob))
	must(err)
	literals := [][]byte{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		must(err)
		ast.Inspect(tree, func(node ast.Node) bool {
			if text, ok := constant(node); ok {
				literals = append(literals, []byte(text))
				return false
			}
			return true
		})
	}
	slices.SortFunc(literals, bytes.Compare)
	return map[string]any{"literals": slices.CompactFunc(literals, bytes.Equal)}
}

// constant is the value of a string literal or a sum of string literals.
func constant(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.BasicLit:
		if node.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(node.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		x, ok := constant(node.X)
		y, ok2 := constant(node.Y)
		return x + y, ok && ok2 && node.Op == token.ADD
	}
	return "", false
}

// runRunes lists the classes of all runes: bit 0 letter, bit 1 digit, bit 2 printable.
func runRunes(json.RawMessage) any {
	classes := make([]byte, unicode.MaxRune+1)
	for r := range classes {
		for bit, in := range []bool{unicode.IsLetter(rune(r)), unicode.IsDigit(rune(r)), strconv.IsPrint(rune(r))} {
			if in {
				classes[r] |= 1 << bit
			}
		}
	}
	return map[string]any{"classes": classes}
}
