package middleware

import (
	"net/http"
	"regexp"
	"strings"
)

// traceparent is the header of W3C Trace Context, section 3.2: version, trace-id,
// parent-id and flags. A later version than 00 may have more behind a hyphen.
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)

// traceID is the id of the trace that a proxy or a client has begun, by which its lines
// and ours are found together. It is empty if the header is missing, malformed or came
// twice: the log holds nothing that a client made up, but for these 32 hexadecimal digits.
func traceID(h http.Header) string {
	values := h["Traceparent"]
	if len(values) != 1 {
		return ""
	}
	parts := traceparent.FindStringSubmatch(values[0])
	if parts == nil {
		return ""
	}
	version, trace, parent, more := parts[1], parts[2], parts[3], parts[4]
	if version == "ff" || version == "00" && more != "" || isZero(trace) || isZero(parent) {
		return ""
	}
	return trace
}

func isZero(digits string) bool { return strings.Trim(digits, "0") == "" }
