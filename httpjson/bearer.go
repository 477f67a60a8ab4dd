package httpjson

import (
	"strings"

	"restaurant/problem"
)

// Bearer reads the access token in the values of the Authorization header (RFC 6750,
// section 2.1), or returns why there is none. The scheme is case-insensitive (RFC 9110,
// section 11.1).
func Bearer(values []string) (raw string, p *problem.Problem) {
	if len(values) > 1 {
		return "", problem.AmbiguousCredentials.New("")
	}
	if len(values) == 0 {
		return "", problem.AuthenticationRequired.New("")
	}
	scheme, raw, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", problem.AuthenticationRequired.New("The Authorization header must say Bearer, then a space, then the access token.")
	}
	if raw = strings.Trim(raw, " \t"); raw == "" { // white space of RFC 9110, and no other
		return "", problem.TokenMalformed.New("")
	}
	return raw, nil
}
