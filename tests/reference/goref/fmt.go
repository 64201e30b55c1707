package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode"
)

func init() {
	register("sprintf", sprintf)
	register("number", number)
	register("unquote", unquote)
	register("runes", runes)
}

// sprintf prints values in the three ways of fmt.
func sprintf(in json.RawMessage) (any, error) {
	var request struct{ Format, Args json.RawMessage }
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	format, err := unpackBytes(request.Format)
	if err != nil {
		return nil, err
	}
	list, err := unpack(request.Args)
	if err != nil {
		return nil, err
	}
	args := list.([]any)
	return []string{encode(fmt.Sprintf(string(format), args...)), encode(fmt.Sprint(args...)), encode(fmt.Sprintln(args...))}, nil
}

// number formats a float, and reads a text as numbers.
func number(in json.RawMessage) (any, error) {
	var request struct {
		Bits         uint64 `json:",string"`
		Format, Text string
		Precision    int
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	show := func(v any, err error) string {
		if err != nil {
			return errors.Unwrap(err).Error()
		}
		return fmt.Sprint(v)
	}
	f, ferr := strconv.ParseFloat(request.Text, 64)
	i, ierr := strconv.ParseInt(request.Text, 0, 64)
	u, uerr := strconv.ParseUint(request.Text, 0, 64)
	text := strconv.FormatFloat(math.Float64frombits(request.Bits), request.Format[0], request.Precision, 64)
	return []string{text, show(fmt.Sprintf("%x", f), ferr), show(i, ierr), show(u, uerr)}, nil
}

// unquote reads a string literal, but no character.
func unquote(in json.RawMessage) (any, error) {
	text, err := unpackBytes(in)
	if err != nil {
		return nil, err
	}
	out, err := strconv.Unquote(string(text))
	return encode(out), err
}

// runes lists the classes of all runes: bit 0 letter, bit 1 digit, bit 2 printable.
func runes(json.RawMessage) (any, error) {
	classes := make([]byte, unicode.MaxRune+1)
	for r := range classes {
		for bit, in := range []bool{unicode.IsLetter(rune(r)), unicode.IsDigit(rune(r)), strconv.IsPrint(rune(r))} {
			if in {
				classes[r] |= 1 << bit
			}
		}
	}
	return encode(string(classes)), nil
}
