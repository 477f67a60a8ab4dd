package kiosk

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// trust is the prefix of the issuers that the kiosk trusts, in its normal form.
type trust string

// maxIssuer is the longest address of an issuer.
const maxIssuer = 300

var errPrefix = errors.New("must be http:// or https://, a host and, if needed, a port and a path, such as http://localhost:8080")

func newTrust(prefix string) (trust, error) {
	text, ok := normal(strings.TrimRight(prefix, "/"))
	if !ok {
		return "", errPrefix
	}
	return trust(text), nil
}

// covers reports whether an issuer is the prefix or below it, letter by letter and by whole
// segments. What two programs could read differently is refused.
func (t trust) covers(issuer string) bool {
	_, ok := normal(issuer)
	return ok && (issuer == string(t) || strings.HasPrefix(issuer, string(t)+"/"))
}

var (
	// hostName takes names and IPv4 addresses.
	hostName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)
	// segments are those of a path that mean the same to every program: no dots in front,
	// no escapes, none empty.
	segments = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
)

// normal returns an address with scheme and host in lower case and without the usual port,
// and false if it has more than scheme, host, port and a plain path.
func normal(address string) (text string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxIssuer || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Opaque != "" ||
		strings.ContainsAny(address, `?#\`) || !segments.MatchString(u.EscapedPath()) {
		return "", false
	}
	host, ok := normalHost(u)
	return u.Scheme + "://" + host + u.EscapedPath(), ok
}

func normalHost(u *url.URL) (host string, ok bool) {
	host = strings.ToLower(u.Hostname())
	if ip := net.ParseIP(host); ip != nil && strings.Contains(host, ":") {
		host = "[" + ip.String() + "]"
	} else if !hostName.MatchString(host) {
		return "", false
	}
	port := u.Port()
	n, err := strconv.Atoi(port)
	switch {
	case port == "":
		return host, !strings.HasSuffix(u.Host, ":")
	case err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port:
		return "", false
	case u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443:
		return host, true
	}
	return host + ":" + port, true
}
