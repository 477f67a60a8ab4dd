//go:build ignore

// go mod init verify && go get github.com/coreos/go-oidc/v3/oidc@v3.21.0 && go run verify.go
// It answers at http://localhost:9000. ISSUER and PORT change what it trusts and where it listens.
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

type claims struct{ Sub, Name, Role string }

func main() {
	issuer, port := cmp.Or(os.Getenv("ISSUER"), "http://localhost:8080"), cmp.Or(os.Getenv("PORT"), "9000")
	provider, err := oidc.NewProvider(context.Background(), issuer) // asks for /.well-known/openid-configuration
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: "restaurant", SupportedSigningAlgs: []string{oidc.RS256}})

	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		guest, err := verify(r, verifier)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, "Log in at the restaurant, and send its access token.", http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-User", guest.Sub)
		fmt.Fprintf(w, "Hello, %s!\n", guest.Name)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

// verify returns what the bearer token of a request says. The verifier checks signature, issuer, audience and expiry;
// it was made for ID tokens, so the type of the token is left to us.
func verify(r *http.Request, verifier *oidc.IDTokenVerifier) (guest claims, err error) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return guest, errors.New("no bearer token")
	}
	token, err := verifier.Verify(r.Context(), raw)
	if err != nil {
		return guest, err
	}
	var header struct{ Typ string }
	first, _, _ := strings.Cut(raw, ".")
	if text, _ := base64.RawURLEncoding.DecodeString(first); json.Unmarshal(text, &header) != nil || header.Typ != "at+jwt" {
		return guest, errors.New("not an access token")
	}
	return guest, token.Claims(&guest)
}
