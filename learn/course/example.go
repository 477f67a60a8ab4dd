package course

import (
	"path"

	"restaurant/docs"
)

// loginAnswer is an example of the documentation, too, but in lessons it is the name
// of the file that keeps the response to a login.
const loginAnswer = "login.json"

// Example returns a body that lessons send, as /learn/files serves it.
func Example(name string) ([]byte, bool) {
	if path.Base(name) != name || name == loginAnswer {
		return nil, false
	}
	text, err := docs.Examples.ReadFile("examples/" + name)
	return text, err == nil
}

// ExampleNames lists the bodies that lessons send.
func ExampleNames() (names []string) {
	entries, _ := docs.Examples.ReadDir("examples") // embedded, so it is there
	for _, e := range entries {
		if e.Name() != loginAnswer {
			names = append(names, e.Name())
		}
	}
	return names
}
