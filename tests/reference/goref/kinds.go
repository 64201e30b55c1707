package main

import (
	"encoding/json"
	"slices"

	"k8s.io/client-go/kubernetes/scheme"
)

func init() {
	register("kinds", kinds)
}

// kinds lists the API versions and kinds whose life cycles Helm's lint knows.
func kinds(json.RawMessage) (any, error) {
	found := [][2]string{}
	for kind := range scheme.Scheme.AllKnownTypes() {
		version, name := kind.ToAPIVersionAndKind()
		found = append(found, [2]string{version, name})
	}
	slices.SortFunc(found, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return found, nil
}
