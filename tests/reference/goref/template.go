package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

func init() {
	register("template", execute)
	register("literals", literals)
	register("templates", parseAll)
}

// functions are the template functions that the tests have as well.
func functions(t *template.Template) template.FuncMap {
	return template.FuncMap{
		"list":   func(v ...any) []any { return slices.Clip(v) },
		"strs":   func(v ...string) []string { return slices.Clip(v) },
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
		"tpl": func(text string, data any) (string, error) { return tpl(t, text, data) },
	}
}

// tpl executes a string as Helm's tpl does: in a clone of the set whose functions see the clone.
func tpl(parent *template.Template, text string, data any) (string, error) {
	t, err := parent.Clone()
	if err != nil {
		return "", err
	}
	all := functions(t)
	t.Funcs(template.FuncMap{"include": all["include"], "tpl": all["tpl"]})
	if t, err = t.New(parent.Name()).Parse(text); err != nil {
		return "", fmt.Errorf("cannot parse: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("cannot execute: %w", err)
	}
	return b.String(), nil
}

// execute runs a template with others parsed before it. The answer of an error is the chain of its causes.
func execute(in json.RawMessage) (any, error) {
	var request struct {
		MissingKey string
		Text       []byte
		Before     [][]byte
		Data       json.RawMessage
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	data, err := unpack(request.Data)
	if err != nil {
		return nil, err
	}
	root := template.New("root").Option("missingkey=" + request.MissingKey)
	root.Funcs(functions(root))
	for i, text := range request.Before {
		if _, err := root.New(fmt.Sprint("before", i)).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	if _, err := root.New("t.yaml").Parse(string(request.Text)); err != nil {
		return map[string]any{"parse": encode(err.Error())}, nil
	}
	var out bytes.Buffer
	if err := root.ExecuteTemplate(&out, "t.yaml", data); err != nil {
		chain := []string{}
		for ; err != nil; err = errors.Unwrap(err) {
			// An ExecError wraps an error with the same text.
			if text := encode(err.Error()); len(chain) == 0 || chain[len(chain)-1] != text {
				chain = append(chain, text)
			}
		}
		return map[string]any{"execute": chain}, nil
	}
	return map[string]any{"out": encode(out.String())}, nil
}

// parseAll parses texts into one set, each under a name of its own, and executes all templates that there are then. The answer has
// the error of each text, or "", and the output or the error of each template.
func parseAll(in json.RawMessage) (any, error) {
	var request struct {
		Texts [][]byte
		Data  json.RawMessage
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	data, err := unpack(request.Data)
	if err != nil {
		return nil, err
	}
	root := template.New("root").Option("missingkey=zero")
	root.Funcs(functions(root))
	parsed := []string{}
	for i, text := range request.Texts {
		message := ""
		if _, err := root.New(fmt.Sprint("text", i)).Parse(string(text)); err != nil {
			message = err.Error()
		}
		parsed = append(parsed, encode(message))
	}
	executed := map[string][2]string{}
	for _, t := range root.Templates() {
		var out bytes.Buffer
		message := ""
		if err := root.ExecuteTemplate(&out, t.Name(), data); err != nil {
			message = err.Error()
			out.Reset()
		}
		executed[encode(t.Name())] = [2]string{encode(out.String()), encode(message)}
	}
	return map[string]any{"parsed": parsed, "executed": executed}, nil
}

// literals lists the string literals of Go's own test files, which hold the inputs of its test tables.
func literals(in json.RawMessage) (any, error) {
	var glob string
	if err := json.Unmarshal(in, &glob); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", glob))
	if err != nil {
		return nil, err
	}
	found := []string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			text, ok := constant(node)
			if ok {
				found = append(found, encode(text))
			}
			return !ok
		})
	}
	slices.Sort(found)
	return slices.Compact(found), nil
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
