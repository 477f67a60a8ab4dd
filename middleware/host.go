package middleware

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// Hosts are the names under which a server answers. A strange page can let a name of its
// own lead to this computer (DNS rebinding): to the browser, requests to that name are of
// one origin with the page, so that neither CORS nor cookies protect against it.
type Hosts struct {
	names       map[string]bool
	certificate func(name string) bool
}

// NewHosts takes names and IP addresses beside those of this machine itself, which
// always count, and a function that reports whether the TLS certificate is for a name;
// nil without TLS.
func NewHosts(names []string, certificate func(name string) bool) Hosts {
	h := Hosts{names: map[string]bool{}, certificate: certificate}
	for _, n := range names {
		h.names[canonical(n)] = true
	}
	return h
}

// anyHost are the routes of health checks, which address a container by whatever name.
var anyHost = map[string]bool{"/healthz": true, "/readyz": true}

// Check answers 421 to a request for another host (RFC 9110, section 15.5.20), and 400
// if Host is no host at all. The answer never repeats it: it comes from outside.
func (h Hosts) Check(c *gin.Context) {
	if anyHost[c.FullPath()] {
		return
	}
	if p := h.Refusal(c.Request); p != nil {
		factsOf(c).foreign = true
		problem.Write(c, p)
	}
}

// Refusal is what Check answers to a request, or nil.
func (h Hosts) Refusal(r *http.Request) *problem.Problem {
	name, ok := hostOf(r.Host)
	switch {
	case !ok:
		return problem.MalformedHost.New("")
	case h.own(name):
		return nil
	case r.Host == "":
		return NoHost()
	}
	return problem.MisdirectedRequest.New("The request uses a host name that does not belong to this server. Use the address that the server printed when it started. " +
		"The person who runs the server can add a name with RESTAURANT_ALLOWED_HOSTS.")
}

// NoHost is the refusal of a request that does not say for which host it is.
func NoHost() *problem.Problem {
	return problem.MisdirectedRequest.New("The request names no host. Send the Host header with the address of the server, such as localhost:8080. A proxy in front must pass it on.")
}

func (h Hosts) own(name string) bool {
	return isLoopbackName(name) || h.names[name] || h.certificate != nil && name != "" && h.certificate(name)
}

// hostOf returns the canonical name or address in a Host header, without the port; it is
// not ok if the header is malformed (RFC 9110, section 7.2).
func hostOf(header string) (name string, ok bool) {
	name, port := header, ""
	if colon := strings.LastIndexByte(header, ':'); colon > strings.LastIndexByte(header, ']') {
		name, port = header[:colon], header[colon+1:]
	}
	// No label is empty.
	isName := !strings.ContainsFunc(name, isNoNameRune) && !strings.Contains("."+strings.TrimRight(name, "."), "..")
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		ip, err := netip.ParseAddr(name[1 : len(name)-1])
		isName = err == nil && ip.Is6() && ip.Zone() == ""
	}
	return canonical(name), isName && strings.Trim(port, "0123456789") == ""
}

func isNoNameRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_", r)
}

// canonical writes a host name in lower case and without its final dot, and an IP
// address without brackets in its usual form.
func canonical(name string) string {
	if ip, ok := parseIP(strings.Trim(name, "[]")); ok {
		return ip.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// parseIP is netip.ParseAddr, which is slow for names: it describes what is wrong with them.
func parseIP(text string) (ip netip.Addr, ok bool) {
	if text == "" || (text[0] < '0' || text[0] > '9') && !strings.Contains(text, ":") {
		return ip, false
	}
	ip, err := netip.ParseAddr(text)
	return ip, err == nil
}

// isLoopbackName reports whether a canonical name is of this machine wherever it is
// asked for (RFC 6761, section 6.3).
func isLoopbackName(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, ok := parseIP(name)
	return ok && ip.IsLoopback()
}

// isLoopbackHost reports whether a Host header names this machine.
func isLoopbackHost(header string) bool {
	name, ok := hostOf(header)
	return ok && isLoopbackName(name)
}
