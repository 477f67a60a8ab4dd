package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// makeDocuments writes swagger.json, swagger.yaml and openapi.json.
func makeDocuments(source, out string) error {
	if err := generate(source, out); err != nil {
		return err
	}
	name := filepath.Join(out, "swagger.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if text, err = completed(text); err != nil {
		return err
	}
	asYAML, err := yaml.JSONToYAML(text)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "swagger.yaml"), asYAML, 0o644)
}

// completed adds what swag leaves out because it is empty: the scopes of OAuth, which
// Swagger 2.0 requires, and that an operation needs no token.
func completed(swagger []byte) ([]byte, error) {
	var doc struct {
		Paths               map[string]map[string]map[string]any `json:"paths"`
		SecurityDefinitions map[string]map[string]any            `json:"securityDefinitions"`
	}
	all := map[string]any{}
	for _, into := range []any{&all, &doc} {
		d := json.NewDecoder(bytes.NewReader(swagger))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			return nil, err
		}
	}
	for _, item := range doc.Paths {
		for _, operation := range item {
			if operation["security"] == nil {
				operation["security"] = []any{}
			}
		}
	}
	for _, scheme := range doc.SecurityDefinitions {
		scheme["scopes"] = map[string]any{}
	}
	all["paths"], all["securityDefinitions"] = doc.Paths, doc.SecurityDefinitions
	return json.MarshalIndent(all, "", "    ")
}
