package main

import "github.com/getkin/kin-openapi/openapi3"

// Which texts the server takes, as patterns (ECMA-262, as JSON Schema wants them): control
// is models.IsControl. The digits are capital because kin-openapi reads no others.
const (
	control  = `\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069`
	anyText  = `^[^` + control + `]*$`
	someText = `^[^` + control + `]*[^\s` + control + `][^` + control + `]*$` // shows something
)

// texts are examples of answers that are not JSON, by media type. The only text/plain is
// that of the metrics.
var texts = map[string]any{
	"text/event-stream":      "event: status\nid: 1\ndata: {\"id\":1,\"status\":\"placed\",\"updated_at\":\"2026-01-31T19:01:50.123Z\"}\n\n",
	"text/plain":             "# TYPE restaurant_streams_open gauge\nrestaurant_streams_open 0\n",
	"application/x-pem-file": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…\n-----END PUBLIC KEY-----\n",
}

// limitTexts says which characters the texts of a request may have.
func limitTexts(s *openapi3.Schema) {
	for name, pattern := range map[string]string{"name": someText, "category": someText, "table": someText, "description": anyText, "note": anyText} {
		if p := s.Properties[name]; p != nil && p.Value.MaxLength != nil { // answers name no limits
			p.Value.Pattern = pattern
		}
	}
}
