// Command goref answers what Go's own libraries make of an input, so that the Rust tests can compare.
//
// It reads a JSON object per line, {"op": NAME, "in": ANY}, and answers with a line each: {"ok": ANY}, {"error": BASE64} for
// an error that was returned, or {"panic": BASE64} for a panic. Each subject registers its operations in a file of its own.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
)

// An operation takes its input as it came and gives something that can be written as JSON.
type operation func(in json.RawMessage) (any, error)

var operations = map[string]operation{}

// register is called by the init functions of the subjects.
func register(name string, op operation) {
	operations[name] = op
}

func encode(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func answer(line []byte) (reply map[string]any) {
	defer func() {
		if r := recover(); r != nil {
			reply = map[string]any{"panic": encode(fmt.Sprint(r))}
		}
	}()
	var request struct {
		Op string          `json:"op"`
		In json.RawMessage `json:"in"`
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return map[string]any{"panic": encode("bad request: " + err.Error())}
	}
	op, found := operations[request.Op]
	if !found {
		return map[string]any{"panic": encode("no operation " + request.Op)}
	}
	ok, err := op(request.In)
	if err != nil {
		return map[string]any{"error": encode(err.Error())}
	}
	return map[string]any{"ok": ok}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			if err := encoder.Encode(answer(line)); err != nil {
				fmt.Fprintln(os.Stderr, "goref:", err)
				os.Exit(1)
			}
			// Wait for more only with everything said.
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			out.Flush()
			return
		}
	}
}
