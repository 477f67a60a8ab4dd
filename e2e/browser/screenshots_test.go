package e2e

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write the README's pictures into this folder")

// TestScreenshots walks to what the README shows. Without -screenshots the
// pictures are only looked at.
func TestScreenshots(t *testing.T) {
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.resize(860, 620)
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
	eval[any](guest, `void document.querySelector('.token').scrollIntoView()`)
	guest.picture("token")
}

// picture keeps what is in view for the README.
func (p *tab) picture(name string) {
	p.t.Helper()
	p.settles()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		data, err = small(data)
	}
	if err == nil && *screenshots != "" {
		err = errors.Join(os.MkdirAll(*screenshots, 0o755), os.WriteFile(filepath.Join(*screenshots, name+".png"), data, 0o644))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if len(data) < 5_000 || len(data) > 80_000 {
		p.t.Errorf("the picture %s has %d bytes", name, len(data))
	}
}

// small writes a picture with its 256 most frequent colours. That takes a third of
// the bytes, and a page of text and flat areas looks the same.
func small(data []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	seen := map[color.Color]int{}
	area := full.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			seen[full.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(seen), func(a, b color.Color) int { return seen[b] - seen[a] })
	reduced := image.NewPaletted(area, colours[:min(256, len(colours))])
	draw.Draw(reduced, area, full, area.Min, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduced)
	return out.Bytes(), err
}
