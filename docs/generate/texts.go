package main

import "github.com/getkin/kin-openapi/openapi3"

// Which texts the server takes, as patterns (ECMA-262, as JSON Schema wants them): control
// is models.IsControl. The digits are capital because kin-openapi reads no others.
const (
	control  = `\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069`
	anyText  = `^[^` + control + `]*$`
	someText = `^[^` + control + `]*[^\s` + control + `][^` + control + `]*$` // shows something
)

// limitTexts says which characters the texts of a request may have.
func limitTexts(s *openapi3.Schema) {
	for name, pattern := range map[string]string{"name": someText, "category": someText, "table": someText, "description": anyText, "note": anyText} {
		if p := s.Properties[name]; p != nil && p.Value.MaxLength != nil { // answers name no limits
			p.Value.Pattern = pattern
		}
	}
}
