package main

import (
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/swaggo/swag/gen"
)

// generate writes swagger.json, swagger.yaml and openapi.json.
func generate(source, out string) error {
	err := gen.New().Build(&gen.Config{
		SearchDir:          source + "/handlers," + source + "/learn," + source + "/learn/lab," + source + "/problem," + source + "/tokens," + source + "/models",
		MainAPIFile:        "routes.go",
		OutputDir:          out,
		OutputTypes:        []string{"json", "yaml"},
		PackageName:        "docs",
		PropNamingStrategy: "snakecase",
		ParseDepth:         100,
		LeftTemplateDelim:  "{{",
		RightTemplateDelim: "}}",
		Debugger:           log.New(io.Discard, "", 0),
	})
	if err != nil {
		return err
	}
	swagger, err := os.ReadFile(filepath.Join(out, "swagger.json"))
	if err != nil {
		return err
	}
	refusals, err := readRefusals(source + "/handlers/testdata/wire")
	if err != nil {
		return err
	}
	contract, err := convert(swagger, refusals)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "openapi.json"), contract, 0o644)
}
