package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// TestNginx_servesABasePath puts a server behind nginx as docs/base-path.md says, where the proxy
// strips the path and where it passes it on, and follows every address.
func TestNginx_servesABasePath(t *testing.T) {
	needChaos(t)
	for name, pass := range map[string]string{"stripped": "/", "passed on": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front, base := testkit.FreeAddr(t), "/school/restaurant"
			server := testkit.Start(t, t.TempDir(), "-public-url", "http://"+front+base, "-behind-proxy", "on", "-trusted-proxies", "127.0.0.1/32", "-demo-data", "on", "-lab", "on")
			nginx := startNginxAt(t, front, base, server.Addr, pass)
			crawl := &crawler{t: t, server: nginx, origin: "http://" + front, base: base}
			crawl.also = []string{"/problems/authentication-required", "/problems/token-key-unknown", "/problems/token-revoked"} // of the kiosk, a server of its own
			nginx.HTTP = stayingHere
			crawl.crawl(beginnings(lessonIDs(t))...)
			if len(crawl.seen) < 150 {
				t.Errorf("only %d addresses were found", len(crawl.seen))
			}
		})
	}
}

// startNginxAt starts nginx with the lines of docs/base-path.md.
func startNginxAt(t *testing.T, front, base, server, pass string) *testkit.Process {
	t.Helper()
	guide, err := os.ReadFile("../docs/base-path.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```nginx\n")
	lines, _, found := strings.Cut(rest, "```")
	if !found || !strings.Contains(lines, "proxy_pass http://127.0.0.1:8080/;") {
		t.Fatalf("docs/base-path.md has no lines for nginx: %s", lines)
	}
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
	lines = strings.ReplaceAll(strings.ReplaceAll(lines, "/restaurant/", base+"/"), "proxy_pass http://127.0.0.1:8080/;", "proxy_pass http://127.0.0.1:"+port(server)+pass+";")
	dir := t.TempDir()
	conf := fmt.Sprintf("pid %s/nginx.pid;\nevents {}\nhttp {\naccess_log off;\nserver {\nlisten 127.0.0.1:%s;\nlocation = /readyz { proxy_pass http://127.0.0.1:%s; }\n%s}\n}\n", dir, port(front), port(server), lines)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := testkit.Prepare(t, dir, front, exec.Command("nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;"))
	nginx.Start()
	t.Cleanup(nginx.Process.Stop) // a killed master would leave its workers behind
	nginx.AwaitReady()
	return nginx
}
