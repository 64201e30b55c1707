package main

import (
	"encoding/json"

	"github.com/asaskevich/govalidator"
)

// What Helm's linter asks of addresses.
func init() {
	judge := func(is func(string) bool) operation {
		return func(in json.RawMessage) (any, error) {
			var text string
			if err := json.Unmarshal(in, &text); err != nil {
				return nil, err
			}
			return is(text), nil
		}
	}
	register("is_email", judge(govalidator.IsEmail))
	register("is_url", judge(govalidator.IsURL))
	register("is_request_url", judge(govalidator.IsRequestURL))
}
