//go:build e2e

package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var screenshots = flag.String("screenshots", "", "write the README's pictures into this folder")

// TestScreenshots walks to what the README shows. Without -screenshots the
// pictures are only looked at.
func TestScreenshots(t *testing.T) {
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.resize(1000, 700)
	guest.opens("/#/about")
	guest.logsIn("alice")
	guest.goes("Menu")
	guest.ordersDish(size("large", "Margherita"))
	carla := h.token("carla")
	h.advance(carla, 1, "preparing")
	h.advance(carla, 1, "ready")
	guest.clicks(link("Watch order 1 come"))
	guest.until("ready", func() bool { return guest.step("Order 1") == "ready" })
	guest.picture("order")
	guest.goes("Token")
	guest.sees("Valid for", "Checked by the server: it fits.")
	eval[any](guest, `void document.querySelector('.token').scrollIntoView({ block: 'start' })`)
	guest.picture("token")
}

// picture keeps what is in view for the README.
func (p *tab) picture(name string) {
	p.t.Helper()
	p.settles()
	path := p.shoot(name)
	if *screenshots == "" {
		return
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.MkdirAll(*screenshots, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name+".png"), data, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if len(data) > 100_000 {
		p.t.Errorf("the picture %s has %d bytes, too many for a README", name, len(data))
	}
}
