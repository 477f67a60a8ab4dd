package contract

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// examples are the services that docs/verify.md shows.
const examples = "../../docs/examples/verify"

// services are the examples that check tokens by themselves. Where a runtime or a library
// is missing, the test is skipped.
var services = map[string]func(*testing.T) *exec.Cmd{
	"node": nodeVerifier, "go": goVerifier, "python": pythonVerifier, "perl": perlVerifier,
}

func TestVerify_services(t *testing.T) {
	for name, command := range services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := command(t)
			house := newIssuer(t)
			d := house.startDoor(t, cmd)
			house.hold(t, d)
			if a := d.answer(t, house.good); string(a.Body) != "Hello, Alice!\n" || a.Header.Get("X-User") != "1" {
				t.Errorf("the service answers %s for user %s", a.Body, a.Header.Get("X-User"))
			}
		})
	}
}

// TestVerify_certificate: whoever stands between a service and its issuer could hand it
// other keys. So it does not start with an issuer whose certificate it does not trust.
func TestVerify_certificate(t *testing.T) {
	proxy := httptest.NewUnstartedServer(nil)
	house := newIssuer(t, "-public-url", "https://"+proxy.Listener.Addr().String())
	to, err := url.Parse(house.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Config.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who break the handshake off
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	house.URL = proxy.URL
	certificate := filepath.Join(t.TempDir(), "cert.pem")
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})))
	t.Run("services", func(t *testing.T) { // which end before the proxy does
		for name, command := range services {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				trusting, stranger := command(t), command(t)
				trusting.Env = append(trusting.Env, "NODE_EXTRA_CA_CERTS="+certificate, "SSL_CERT_FILE="+certificate)
				if !house.startDoor(t, trusting).takes(t, house.good) {
					t.Error("a good token is refused")
				}
				stranger.Env = append(stranger.Environ(), "ISSUER="+house.URL, "PORT="+port(testkit.FreeAddr(t)))
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				stop := context.AfterFunc(ctx, func() { _ = stranger.Process.Kill() })
				defer stop()
				out, err := stranger.CombinedOutput()
				if _, ended := errors.AsType[*exec.ExitError](err); !ended || ctx.Err() != nil || !regexp.MustCompile("(?i)certificate").Match(out) {
					t.Errorf("without the certificate: %v\n%s", err, out)
				}
			})
		}
	})
}

// TestVerify_certificateOfLessons runs the program of docs/verify.md on a certificate as it is, on
// one that is changed, and on an access token.
func TestVerify_certificateOfLessons(t *testing.T) {
	t.Parallel()
	mustFind(t, "node")
	house := newIssuer(t)
	a := house.Do(http.MethodGet, "/learn/certificate", "", "", "Accept", "application/json")
	genuine := string(a.Body)
	for name, tc := range map[string]struct{ text, says string }{
		"as it is":        {genuine, "It is genuine. Done:"},
		"one letter more": {regexp.MustCompile(`\.[\w-]+\.[\w-]+`).ReplaceAllString(genuine, "${0}A"), "It is not genuine."},
		"another claim":   {regexp.MustCompile(`\.eyJ`).ReplaceAllString(genuine, ".eyK"), "It is not genuine."},
		"an access token": {`{"certificate":"` + house.good + `"}`, "It is not genuine."},
	} {
		file := filepath.Join(t.TempDir(), "certificate.json")
		write(t, file, tc.text)
		cmd := exec.Command("node", filepath.Join(examples, "certificate.mjs"), file)
		cmd.Env = append(os.Environ(), "ISSUER="+house.URL)
		out, err := cmd.CombinedOutput()
		if !strings.HasPrefix(string(out), tc.says) || (err == nil) != (name == "as it is") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

// TestVerify_nginx has nginx ask the Go service.
func TestVerify_nginx(t *testing.T) {
	t.Parallel()
	mustFind(t, "nginx")
	house, app := newIssuer(t), newApp(t)
	verifier := house.startDoor(t, goVerifier(t))
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	site := house.site(t, "nginx.conf", addr, app, "127.0.0.1:9000", verifier.Addr)
	write(t, filepath.Join(dir, "nginx.conf"), `
		pid nginx.pid; error_log stderr; events {}
		http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
		`+site+`}`)
	nginx := house.startProxy(t, addr, exec.Command("nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;"))
	house.hold(t, nginx)
	if got := nginx.answer(t, house.good, "X-User", "1000"); !strings.Contains(got.Header.Get("Seen"), "X-User: [1];") {
		t.Errorf("the program behind nginx sees %s", got.Header.Get("Seen"))
	}
}

func TestVerify_apache(t *testing.T) {
	t.Parallel()
	mustFind(t, "apache2")
	const modules = "/usr/lib/apache2/modules"
	if _, err := os.Stat(filepath.Join(modules, "mod_oauth2.so")); err != nil {
		t.Skip("Apache's mod_oauth2 is not installed (on Debian: apt-get install libapache2-mod-oauth2)")
	}
	house, app := newIssuer(t), newApp(t)
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	write(t, filepath.Join(dir, "site.conf"), house.site(t, "apache.conf", addr, app, "http://localhost:8080", house.URL))
	conf := fmt.Sprintf("ServerRoot %s\nPidFile %[1]s/pid\nServerName localhost\nErrorLog /dev/stderr\nUser www-data\nGroup www-data\n", dir)
	for _, module := range strings.Fields("mpm_event authn_core authz_core authz_user proxy proxy_http oauth2") {
		conf += fmt.Sprintf("LoadModule %s_module %s/mod_%[1]s.so\n", module, modules)
	}
	write(t, filepath.Join(dir, "apache.conf"), conf+"Include site.conf\n")
	apache := house.startProxy(t, addr, exec.Command("apache2", "-f", filepath.Join(dir, "apache.conf"), "-DFOREGROUND"))
	house.hold(t, apache)
	if got := apache.answer(t, house.good, "OAUTH2_CLAIM_sub", "1000"); !strings.Contains(got.Header.Get("Seen"), "sub: [1];") {
		t.Errorf("the program behind Apache sees %s", got.Header.Get("Seen"))
	}
}

// issuer is a server whose keys the test holds, too: it signs tokens that differ from
// good ones in one thing only.
type issuer struct {
	*testkit.Process
	key  *rsa.PrivateKey
	good string // an access token of alice
}

func newIssuer(t *testing.T, args ...string) issuer {
	t.Helper()
	dir := t.TempDir()
	house := issuer{Process: testkit.Start(t, dir, args...)}
	house.good = house.Login("alice")
	files, err := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	house.key = key.(*rsa.PrivateKey)
	return house
}

type members = map[string]any

// parts returns header and claims of the good token with changes: a member that is nil
// is left out.
func (i issuer) parts(t *testing.T, header, claims members) string {
	t.Helper()
	var text []string
	for n, change := range []members{header, claims} {
		part := members{}
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(i.good, ".")[n])
		if err != nil || json.Unmarshal(raw, &part) != nil {
			t.Fatal(i.good)
		}
		maps.Copy(part, change)
		maps.DeleteFunc(part, func(_ string, v any) bool { return v == nil })
		if raw, err = json.Marshal(part); err != nil {
			t.Fatal(err)
		}
		text = append(text, base64.RawURLEncoding.EncodeToString(raw))
	}
	return strings.Join(text, ".")
}

func (i issuer) sign(t *testing.T, key *rsa.PrivateKey, header, claims members) string {
	t.Helper()
	text := i.parts(t, header, claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// door is a service that takes tokens of an issuer.
type door struct{ *testkit.Process }

// startDoor starts a service that is told its port and the issuer, and nothing else.
func (i issuer) startDoor(t *testing.T, cmd *exec.Cmd) door {
	t.Helper()
	return i.startProxy(t, testkit.FreeAddr(t), cmd)
}

// startProxy starts a service that knows its address already.
func (i issuer) startProxy(t *testing.T, addr string, cmd *exec.Cmd) door {
	t.Helper()
	addr = "127.0.0.1:" + port(addr)
	own := cmd.Env // which Prepare replaces
	d := door{testkit.Prepare(t, t.TempDir(), addr, cmd)}
	cmd.Env = append(append(cmd.Env, own...), "ISSUER="+i.URL, "PORT="+port(addr))
	d.Start()
	t.Cleanup(d.Process.Process.Stop)                                                                                           // a killed master would leave its workers behind
	for deadline := time.Now().Add(20 * time.Second); d.Do("GET", "/", "", "").Status == 0; time.Sleep(10 * time.Millisecond) { // polled, not raced against
		select {
		case <-d.Done:
			t.Fatalf("%v ended: %s", cmd.Args, d.Output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v does not answer: %s", cmd.Args, d.Output)
		}
	}
	return d
}

// answer is the answer to a token; without one no Authorization header is sent.
func (d door) answer(t *testing.T, token string, headers ...string) testkit.Answer {
	t.Helper()
	a := d.Do("GET", "/", token, "", headers...)
	if a.Status != http.StatusOK && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
		t.Errorf("the answer is %d: %s\n%s", a.Status, a.Body, d.Output)
	}
	return a
}

func (d door) takes(t *testing.T, token string) bool {
	t.Helper()
	return d.answer(t, token).Status == http.StatusOK
}

// hold holds a service to what docs/verify.md says of each check.
func (i issuer) hold(t *testing.T, d door) {
	t.Helper()
	if !d.takes(t, i.good) {
		t.Fatalf("a good token is refused:\n%s", d.Output)
	}
	soon := time.Now().Truncate(time.Second).Add(7 * time.Second) // exp counts full seconds: it is six of them, or more
	ending := i.sign(t, i.key, nil, members{"exp": soon.Unix()})
	if !d.takes(t, i.sign(t, i.key, nil, nil)) || !d.takes(t, ending) {
		t.Fatalf("a token that was signed here is refused, so the refusals below show nothing:\n%s", d.Output)
	}
	for name, token := range i.bad(t) {
		if d.takes(t, token) {
			t.Errorf("%s: it is taken", name)
		}
	}
	if a := d.Do("GET", "/?access_token="+i.good, "", ""); a.Status != http.StatusUnauthorized {
		t.Errorf("a token in the address is answered %d", a.Status)
	}
	if how := d.answer(t, "").Header.Get("WWW-Authenticate"); !strings.HasPrefix(how, "Bearer") {
		t.Errorf("without a token, WWW-Authenticate is %q", how)
	}
	if !d.takes(t, i.good) {
		t.Errorf("after bad tokens a good one is refused:\n%s", d.Output)
	}
	i.holdRotation(t, d)
	time.Sleep(time.Until(soon.Add(1200 * time.Millisecond))) // for the end of a token, and of the second for which Apache remembers it
	if d.takes(t, ending) {
		t.Error("a token that was good before it expired still is")
	}
}

// holdRotation rotates the keys: new tokens are good, and old ones stay so, without a restart.
func (i issuer) holdRotation(t *testing.T, d door) {
	t.Helper()
	if status := i.Call("POST", "/api/v1/auth/keys/rotate", i.Login("marco"), "", nil); status != http.StatusCreated {
		t.Fatalf("the rotation is answered %d", status)
	}
	fresh := i.Login("alice")
	if strings.Split(fresh, ".")[0] == strings.Split(i.good, ".")[0] {
		t.Fatal("the new token names the old key")
	}
	for deadline := time.Now().Add(10 * time.Second); !d.takes(t, fresh); time.Sleep(50 * time.Millisecond) { // a service asks for keys once a second at most
		if time.Now().After(deadline) {
			t.Fatalf("ten seconds after the rotation a new token is refused:\n%s", d.Output)
		}
	}
	if !d.takes(t, i.good) {
		t.Error("after the rotation an old token is refused")
	}
}

// bad are tokens that no service may take, by what is wrong with them.
func (i issuer) bad(t *testing.T) map[string]string {
	t.Helper()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var pair struct {
		RefreshToken string `json:"refresh_token"`
	}
	if i.Call("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"alice-likes-pizza"}`, &pair) != http.StatusOK {
		t.Fatal("alice cannot log in")
	}
	signature := i.good[strings.LastIndex(i.good, "."):]
	none := i.parts(t, members{"alg": "none"}, nil)
	return map[string]string{
		"no token":                           "",
		"a word":                             "pizza",
		"a refresh token":                    pair.RefreshToken,
		"claims changed after the signature": i.parts(t, nil, members{"role": "manager"}) + signature,
		"alg none":                           none + ".",
		"alg none with a signature":          none + signature,
		"alg none without a kid":             i.parts(t, members{"alg": "none", "kid": nil}, nil) + ".",
		"HS256 with the public key":          i.hmac(t),
		"expired":                            i.sign(t, i.key, nil, members{"exp": time.Now().Add(-time.Hour).Unix()}),
		"without exp":                        i.sign(t, i.key, nil, members{"exp": nil}),
		"of another issuer":                  i.sign(t, i.key, nil, members{"iss": "http://localhost:1"}),
		"without iss":                        i.sign(t, i.key, nil, members{"iss": nil}),
		"for another audience":               i.sign(t, i.key, nil, members{"aud": "cinema"}),
		"without aud":                        i.sign(t, i.key, nil, members{"aud": nil}),
		"of another type":                    i.sign(t, i.key, members{"typ": "JWT"}, nil),
		"without a type":                     i.sign(t, i.key, members{"typ": nil}, nil),
		"signed by another key":              i.sign(t, other, nil, nil),
		"signed by a key that nobody knows":  i.sign(t, other, members{"kid": "unknown"}, nil),
		"of another restaurant":              testkit.Start(t, t.TempDir()).Login("alice"),
	}
}

// hmac takes the public key, which everybody knows, for a secret.
func (i issuer) hmac(t *testing.T) string {
	t.Helper()
	text := i.parts(t, members{"alg": "HS256"}, nil)
	mac := hmac.New(sha256.New, i.Do("GET", "/.well-known/public.pem", "", "").Body)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func nodeVerifier(t *testing.T) *exec.Cmd {
	t.Helper()
	mustFind(t, "node")
	npm(t, ".", "tsc") // skips without npm ci
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyFile(t, filepath.Join(examples, "verify.mjs"), filepath.Join(dir, "verify.mjs"))
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return exec.Command("node", filepath.Join(dir, "verify.mjs"))
}

// goVerifier builds the service in Go with the modules of this folder.
func goVerifier(t *testing.T) *exec.Cmd {
	t.Helper()
	path := filepath.Join(t.TempDir(), "verify")
	mustRun(t, exec.Command("go", "build", "-race=false", "-o", path, filepath.Join(examples, "verify.go")))
	return exec.Command(path)
}

func pythonVerifier(t *testing.T) *exec.Cmd {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} { // Debian's packages are for Debian's own
		if exec.Command(python, "-c", "import jwt, cryptography").Run() == nil {
			return exec.Command(python, "-B", filepath.Join(examples, "verify.py"))
		}
	}
	t.Skip("PyJWT is not installed (on Debian: apt-get install python3-jwt)")
	return nil
}

func perlVerifier(t *testing.T) *exec.Cmd {
	t.Helper()
	mustFind(t, "perl")
	if exec.Command("perl", "-MCrypt::JWT", "-MHTTP::Daemon", "-MIO::Socket::SSL", "-e1").Run() != nil {
		t.Skip("Crypt::JWT is not installed (on Debian: apt-get install libcrypt-jwt-perl libhttp-daemon-perl libio-socket-ssl-perl)")
	}
	return exec.Command("perl", filepath.Join(examples, "verify.pl"))
}

// newApp is a program behind a proxy. It answers with the headers that it sees.
func newApp(t *testing.T) (addr string) {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			w.Header().Add("Seen", fmt.Sprintf("%s: %v;", name, values))
		}
		w.Header().Set("Seen", strings.Join(w.Header()["Seen"], " "))
	}))
	t.Cleanup(app.Close)
	return app.Listener.Addr().String()
}

// site is an example with other addresses: its own, that of the program behind it, and
// what else changes.
func (i issuer) site(t *testing.T, name, addr, app string, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(append(changes, "127.0.0.1:9001", "127.0.0.1:"+port(addr), "127.0.0.1:9002", app)...).Replace(string(text))
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func mustFind(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
