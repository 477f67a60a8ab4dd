package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// write returns the document as text, its paths and methods in the order of calls. Maps
// have none, so the paths are written one by one.
func write(doc *openapi3.T) ([]byte, error) {
	var paths members
	for _, c := range calls {
		if slices.ContainsFunc(paths, func(m member) bool { return m.name == c.path }) {
			continue
		}
		var methods members
		for _, of := range calls {
			if of.path != c.path {
				continue
			}
			op := doc.Paths.Value(c.path).GetOperation(of.method)
			methods = append(methods, member{strings.ToLower(of.method), op})
		}
		paths = append(paths, member{c.path, methods})
	}
	text, err := json.Marshal(members{
		{"openapi", doc.OpenAPI}, {"info", doc.Info}, {"servers", doc.Servers}, {"tags", doc.Tags},
		{"paths", paths}, {"components", doc.Components},
	})
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, text, "", "  ")
	indented.WriteByte('\n')
	return indented.Bytes(), err
}

// members are an object of JSON in a fixed order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o members) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	for n, m := range o {
		text.WriteByte("{,"[min(n, 1)])
		pair, err := json.Marshal(map[string]any{m.name: m.value})
		if err != nil {
			return nil, err
		}
		text.Write(pair[1 : len(pair)-1])
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}
