package handlers

import (
	"strings"
	"testing"
)

// TestDiscovery_leadsFromTheIssuerToTheKeys: a client that knows only the iss of a token
// finds the keys and the token endpoint, under a base path, too.
func TestDiscovery_leadsFromTheIssuerToTheKeys(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		doc := decode[discoveryResponse](t, srv.get(t, path).wants(t, 200, ""))
		if doc.Issuer != srv.Authority.Issuer() {
			t.Errorf("%s: the issuer is %s", path, doc.Issuer)
		}
		keys, under := strings.CutPrefix(doc.JWKSURI, doc.Issuer)
		if !under || len(decode[jwksResponse](t, srv.get(t, keys).wants(t, 200, "")).Keys) != 1 {
			t.Errorf("%s: no keys at %s", path, doc.JWKSURI)
		}
		endpoint, _ := strings.CutPrefix(doc.TokenEndpoint, doc.Issuer)
		pair := decode[tokenResponse](t, srv.post(t, endpoint, "grant_type=password&username=alice&password=alice-likes-pizza", asForm).wants(t, 200, ""))
		srv.post(t, endpoint, "grant_type=refresh_token&refresh_token="+pair.RefreshToken, asForm).wants(t, 200, "")
	}
}
