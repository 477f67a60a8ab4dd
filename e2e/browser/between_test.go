package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

// behindNginx puts an nginx that compresses JSON in front of the server, and returns its
// origin.
func (s *server) behindNginx(t *testing.T) (origin string) {
	t.Helper()
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	cmd, err := process.Nginx(dir, addr, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	listen := filepath.Join(dir, "listen.conf")
	text, err := os.ReadFile(listen)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(listen, append(text, " gzip on; gzip_min_length 1; gzip_types application/json;"...), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := testkit.Prepare(t, dir, addr, cmd)
	nginx.Start()
	t.Cleanup(nginx.Stop) // a killed master would leave its workers behind
	nginx.AwaitReady()
	return "http://" + addr
}

// TestOffice_savesBehindACompressingProxy: nginx weakens the tag of what it compresses.
func TestOffice_savesBehindACompressingProxy(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	manager := openTab(t, s, s.behindNginx(t), chrome, chromedp.WithNewBrowserContext())
	manager.openAs("marco", "Office")
	for _, text := range []string{"First", "Second"} {
		manager.click(button("Change Margherita"))
		manager.find(element{role: "form", name: "Change Margherita"})
		manager.fill(textbox("Description"), text)
		manager.click(button("Save the dish"))
		manager.waitText("Margherita is changed.")
	}
	if !eval[bool](manager, `fetch('api/v1/menu/1').then((a) => a.headers.get('ETag').startsWith('W/'))`) {
		t.Error("the control: nginx does not weaken the tag")
	}
}

// TestOrders_eventSourceStops follows an order with the browser's own EventSource, which
// sends cookies and asks again whenever a stream ends.
func TestOrders_eventSourceStops(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.open("/")
	guest.logIn("alice", "in a cookie")
	s.placeOrder(s.Login("alice"))
	guest.isTrue(`{
		window.source = new EventSource('api/v1/orders/1/events');
		window.steps = [];
		source.addEventListener('status', (e) => steps.push(e.lastEventId));
		true;
	}`)
	guest.waitUntil("the source is closed", func() bool { return guest.isTrue(`source.readyState === EventSource.CLOSED`) })
	if steps := eval[string](guest, `steps.join(' ')`); steps != "1 2 3 4" {
		t.Errorf("it told the steps %s", steps)
	}
}
