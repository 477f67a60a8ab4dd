package handlers

import (
	"net/http"
	"strings"
	"testing"
)

// ownHosts are names of a server at https://pizza.example.org:8443 that is also allowed to
// answer as kitchen.example and 192.168.0.7, with a certificate for *.cert.example.
func ownHosts(srv *server) {
	srv.PublicURL = "https://Pizza.example.org:8443"
	srv.AllowedHosts = []string{"Kitchen.example.", "192.168.0.7", "[fd00::7]"}
	srv.CertificateCovers = func(name string) bool {
		label, rest, _ := strings.Cut(name, ".")
		return label != "" && rest == "cert.example"
	}
}

// TestHost_whichNamesAreItsOwn: whole names, compared without case, port and final dot. A
// name that only leads here is a strange page's (DNS rebinding).
func TestHost_whichNamesAreItsOwn(t *testing.T) {
	srv := newServer(t, ownHosts)
	for _, tc := range []struct {
		host   string
		status int
		slug   string
	}{
		{"localhost:8080", 200, ""},
		{"localhost", 200, ""},
		{"localhost:", 200, ""},
		{"LOCALHOST:1", 200, ""},
		{"localhost.", 200, ""},
		{"localhost.:8080", 200, ""},
		{"a.localhost", 200, ""},
		{"127.0.0.1:8080", 200, ""},
		{"127.9.9.9", 200, ""},
		{"[::1]", 200, ""},
		{"[::1]:8080", 200, ""},
		{"[0:0:0:0:0:0:0:1]:8080", 200, ""},
		{"[::ffff:127.0.0.1]:8080", 200, ""},
		{"pizza.example.org:8443", 200, ""},
		{"PIZZA.Example.ORG.", 200, ""},
		{"kitchen.example:80", 200, ""},
		{"192.168.0.7", 200, ""},
		{"[FD00:0::7]:8443", 200, ""},
		{"any.cert.example", 200, ""},

		{"evil.example:8151", 421, "misdirected-request"},
		{"", 421, "misdirected-request"},
		{":8080", 421, "misdirected-request"},
		{".", 421, "misdirected-request"},
		{"l", 421, "misdirected-request"},
		{"localhos", 421, "misdirected-request"},
		{"localhost..", 421, "misdirected-request"},
		{"localhost.evil.example", 421, "misdirected-request"},
		{"evil-localhost", 421, "misdirected-request"},
		{"pizza.example", 421, "misdirected-request"},
		{"pizza.example.or", 421, "misdirected-request"},
		{"pizza.example.org.evil.example", 421, "misdirected-request"},
		{"www.pizza.example.org", 421, "misdirected-request"},
		{"127.0.0.1.evil.example", 421, "misdirected-request"},
		{"0.0.0.0:8080", 421, "misdirected-request"},
		{"[::]:8080", 421, "misdirected-request"},
		{"192.168.0.77", 421, "misdirected-request"},
		{"[fd00::8]", 421, "misdirected-request"},
		{"cert.example", 421, "misdirected-request"},
		{"a.b.cert.example", 421, "misdirected-request"},

		{"localhost:http", 400, "malformed-host"},
		{"localhost:80:80", 400, "malformed-host"},
		{"marco@localhost", 400, "malformed-host"},
		{"[::1", 400, "malformed-host"},
		{"::1", 400, "malformed-host"},
		{"[localhost]", 400, "malformed-host"},
		{"[::1%25lo]", 400, "malformed-host"},
		{"localhost,evil.example", 400, "malformed-host"},
	} {
		t.Run(tc.host, func(t *testing.T) {
			res := srv.get(t, "/api/v1/menu/1", atHost(tc.host)).wants(t, tc.status, tc.slug)
			if bare := strings.Trim(tc.host, ".:[]"); tc.status == 421 && len(bare) > 9 && strings.Contains(res.Body.String(), bare) {
				t.Errorf("the refusal repeats the name: %s", res.Body)
			}
		})
	}
}

// TestHost_isCheckedBeforeEveryRoute: apart from health checks, which address a container
// by whatever name, nothing answers, and no token helps.
func TestHost_isCheckedBeforeEveryRoute(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	routes := append(srv.routes(), "GET /nowhere", "BREW /", "POST /healthz", "OPTIONS /api/v1/orders")
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer(":id", "1", ":slug", "not-found", "*file", "main.js", ":lesson", "L01", ":file", "order.json").Replace(path)
		strange := srv.do(t, method, path, "", marco, fromAddress("127.0.0.1:1"), atHost("evil.example"))
		if route == "GET /healthz" || route == "GET /readyz" {
			strange.wants(t, 200, "")
		} else {
			strange.wants(t, 421, "misdirected-request")
		}
	}
	srv.get(t, mePath, marco).wants(t, 200, "") // nothing of all this has ended the session
	srv.get(t, "/problems/misdirected-request").wants(t, 200, "")
}

// TestHost_refusedRequestsAreNoLesson asks for a file of keys, which would be one at home.
func TestHost_refusedRequestsAreNoLesson(t *testing.T) {
	srv := newServer(t)
	const keyFile = "/data/keys/private.pem"
	if got := srv.get(t, keyFile, atHost("evil.example")).wants(t, 421, "misdirected-request").Header().Get("Lesson-Progress"); got != "" {
		t.Errorf("a strange page is credited with %s", got)
	}
	if got := srv.get(t, keyFile).wants(t, http.StatusNotFound, "not-found").Header().Get("Lesson-Progress"); got == "" {
		t.Error("at home it is a lesson no more: this test shows nothing")
	}
}
