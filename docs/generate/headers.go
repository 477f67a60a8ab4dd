package main

import "github.com/getkin/kin-openapi/openapi3"

// headers are those that answers share.
func headers() openapi3.Headers {
	text, integer := openapi3.NewStringSchema, openapi3.NewInt32Schema
	all := openapi3.Headers{
		"X-Request-ID":     header("The number of this answer in the server's log.", text(), "7TQ2VJ6WYNRCXK3DPLZB5SAGHE"),
		"Server-Timing":    header("Milliseconds spent on the token and in the database, and the true number of SQL statements.", text(), `auth;dur=0.05, db;dur=0.31;desc="2 queries"`),
		"RateLimit":        header("What is left: r requests. After t seconds all are available again. Not sent if the limit is off.", text(), `"guest";r=48;t=1`),
		"RateLimit-Policy": header("The limit: q requests in w seconds, for a guest or an address.", text(), `"guest";q=50;w=1`),
		"Retry-After":      header("Seconds to wait before the next try.", integer().WithMin(0), 1),
		"WWW-Authenticate": header("Bearer, and the reason if a token was refused (RFC 6750, section 3).", text(), `Bearer error="invalid_token", error_description="expired"`),
		"Lab":              header("deliberately-unsafe, in every answer of the lab.", text(), "deliberately-unsafe"),
		"Restaurant-Time":  header("The time of the tokens, only while the lab's clock is ahead.", text(), "Sat, 31 Jan 2026 19:16:00 GMT"),
		"Lab-Weather":      header("The fault that the lab was asked for, if it touched this answer.", text().WithEnum("delay", "status"), "delay"),
		"Lesson-Progress":  header("What this request has changed in the lessons, if anything.", text(), "L01 done"),
	}
	all["WWW-Authenticate"].Value.Required = true // each 401 has it
	return all
}

// sharedHeader refers to one of headers.
func sharedHeader(name string) *openapi3.HeaderRef {
	return &openapi3.HeaderRef{Ref: "#/components/headers/" + name}
}

func header(description string, schema *openapi3.Schema, example any) *openapi3.HeaderRef {
	return &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: openapi3.Parameter{
		Description: description, Schema: schema.NewRef(), Example: example,
	}}}
}

// headersOf are the shared headers that the answers of a path may have.
func headersOf(path string) []string {
	names := []string{"X-Request-ID", "Server-Timing", "Restaurant-Time"}
	switch path {
	case "/healthz", "/readyz":
		return names
	case "/metrics":
		return append(names, "Lab-Weather")
	}
	if inLab(path) {
		names = append(names, "Lab")
	} else {
		names = append(names, "Lab-Weather")
	}
	return append(names, "RateLimit", "RateLimit-Policy", "Lesson-Progress")
}
