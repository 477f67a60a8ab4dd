package browser

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
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest := s.newTab(t)
	guest.resize(860, 620)
	guest.open("/#/about")
	guest.logIn("alice")
	guest.goTo("Menu")
	guest.order(size("large", "Margherita"))
	carla := s.Login("carla")
	s.advance(carla, 1, "preparing")
	s.advance(carla, 1, "ready")
	guest.click(link("Watch order 1 come"))
	guest.waitUntil("ready", func() bool { return guest.step("Order 1") == "ready" })
	guest.readmePicture("order")
	guest.goTo("Token")
	guest.waitText("Valid for", "Checked by the server: it fits.")
	eval[any](guest, `void document.querySelector('.token').scrollIntoView()`)
	guest.readmePicture("token")
}

// readmePicture keeps what is in view for the README.
func (p *tab) readmePicture(name string) {
	p.t.Helper()
	p.waitForPaint()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		data, err = reducePalette(data)
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

// reducePalette writes a picture with its 256 most frequent colours. That takes a third of
// the bytes, and a page of text and flat areas looks the same.
func reducePalette(data []byte) ([]byte, error) {
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
