// Command generate makes the printed menu from the comments on the handlers: the
// Swagger 2.0 document for older clients, and from it the OpenAPI 3
// document that tools and tests read. Run it with `make docs`.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("out", "..", "folder to write to")
	source := flag.String("source", "../..", "folder of the program's module")
	flag.Parse()
	if err := makeDocuments(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
