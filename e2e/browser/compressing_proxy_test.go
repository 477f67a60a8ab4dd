package browser

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
)

// compressingNginx compresses JSON on its way, which weakens entity tags. It passes the
// Host on, as deploy/nginx.conf does.
const compressingNginx = `worker_processes 1;
pid nginx.pid;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
	gzip on;
	gzip_types application/json;
	gzip_min_length 0;
	gzip_proxied any;
	server {
		listen 127.0.0.1:%s;
		location / {
			proxy_pass http://127.0.0.1:%s;
			proxy_http_version 1.1;
			proxy_buffering off;
			proxy_set_header Host $http_host;
		}
	}
}
`

// newTabThroughNginx opens a tab that reaches the server through a compressing nginx.
func (s *server) newTabThroughNginx(t *testing.T) *tab {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("this test needs nginx: on Debian, apt-get install nginx-light")
	}
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	_, behind, _ := net.SplitHostPort(s.Addr)
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, compressingNginx, port, behind), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := testkit.Prepare(t, dir, addr, exec.Command("nginx", "-p", dir, "-c", conf, "-e", "stderr", "-g", "daemon off;"))
	nginx.Start()
	t.Cleanup(nginx.Process.Stop) // a killed master would leave its workers behind
	nginx.AwaitReady()
	return openTab(t, s, "http://localhost:"+port, chrome, chromedp.WithNewBrowserContext())
}

// TestOffice_throughCompressingProxy saves a dish whose entity tag the proxy has weakened.
// A change by somebody else is found out all the same.
func TestOffice_throughCompressingProxy(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	manager := s.newTabThroughNginx(t)
	manager.expectStatus(412)
	manager.openAs("marco", "Office")
	manager.click(button("Change Margherita"))
	manager.fill(textbox("Description"), "Saved through a proxy")
	manager.click(button("Save the dish"))
	manager.waitText("Margherita is changed.")
	if tag := manager.header("PUT /api/v1/menu/1", "If-Match"); !strings.HasPrefix(tag, `W/"`) {
		t.Errorf("the proxy has left the tag as %s, so this shows nothing", tag)
	}

	manager.click(button("Change Margherita"))
	manager.find(element{role: "form", name: "Change Margherita"})
	var dish map[string]any
	s.mustCall("GET", "/api/v1/menu/1", "", "", &dish)
	dish["description"] = "Somebody was quicker"
	s.mustCall("PUT", "/api/v1/menu/1", s.Login("marco"), quote(dish), nil)
	manager.fill(textbox("Description"), "Mine")
	manager.click(button("Save the dish"))
	manager.waitText("412", "Somebody else changed it.")
}
