package main

import (
	"encoding/json"

	"github.com/gobwas/glob"
)

func init() { register("glob", matchNames) }

// matchNames tells which names match a pattern, as .Files.Glob finds out.
func matchNames(in json.RawMessage) (any, error) {
	var request struct {
		Pattern []byte
		Names   [][]byte
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	g, err := glob.Compile(string(request.Pattern), '/')
	if err != nil {
		g, _ = glob.Compile("**")
	}
	matches := make([]bool, 0, len(request.Names))
	for _, name := range request.Names {
		matches = append(matches, g.Match(string(name)))
	}
	return matches, nil
}
