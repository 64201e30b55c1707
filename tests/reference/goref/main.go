// Command goref answers what Go's own packages do, for the tests that compare this project with them.
//
// It reads one JSON object per line from standard input, whose "op" names the question, and writes one JSON object per line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// ops answers questions by their names; files register theirs in init.
var ops = map[string]func(request json.RawMessage) any{}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var head struct{ Op string }
		if err := json.Unmarshal(line, &head); err != nil {
			fmt.Fprintln(os.Stderr, "goref:", err)
			os.Exit(1)
		}
		op, ok := ops[head.Op]
		if !ok {
			fmt.Fprintln(os.Stderr, "goref: unknown op", head.Op)
			os.Exit(1)
		}
		if err := encoder.Encode(op(line)); err != nil {
			fmt.Fprintln(os.Stderr, "goref:", err)
			os.Exit(1)
		}
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}
