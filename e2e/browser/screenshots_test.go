package browser

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write the README's moving picture into this folder")

// TestScreenshots walks to what the README shows: an order, its steps, a token with one
// claim changed, and the refusal. Without -screenshots the picture is only made.
func TestScreenshots(t *testing.T) {
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest, f := s.newTab(t), new(film)
	guest.expectStatus(401)
	guest.resize(860, 600)
	guest.open("/#/about")
	guest.logIn("alice")
	guest.goTo("Menu")
	guest.click(size("large", "Margherita"))
	guest.find(button("Order"))
	guest.filmInto(f, 3*time.Second, "Order a pizza. The page asks the API.")
	guest.click(button("Order"))
	guest.click(link("Order *").within(region("Basket")))
	carla := s.Login("carla")
	for _, step := range []string{"placed", "preparing", "ready", "served"} {
		if step != "placed" {
			s.advance(carla, 1, step)
		}
		guest.waitUntil(step, func() bool { return guest.step("Order 1") == step })
		guest.filmInto(f, 1500*time.Millisecond, "Watch it come: "+step+".")
	}
	guest.goTo("Token")
	guest.waitText("Valid for", "Checked by the server: it fits.")
	eval[any](guest, `void document.querySelector('.token').scrollIntoView()`)
	guest.filmInto(f, 4*time.Second, "Your token says who you are. You can read it.")
	guest.click(button("Change the claim"))
	guest.waitText(`"manager"`, "Checked by the server: it does not fit.")
	eval[any](guest, `void document.querySelector('.token').scrollIntoView()`)
	guest.filmInto(f, 4*time.Second, "Change it: say that you are the manager.")
	guest.click(button("Show it to the door"))
	guest.waitText("401")
	guest.find(link("Why?"))
	guest.filmInto(f, 5*time.Second, "Refused: the signature does not fit any more.")
	f.write(t)
}

// film is a picture that moves.
type film struct{ gif.GIF }

// filmInto adds what is in view to a film, with a caption, for so long.
func (p *tab) filmInto(f *film, hold time.Duration, caption string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(() => {
		const line = document.body.appendChild(document.createElement('div'));
		line.id = 'caption';
		line.textContent = %s;
		Object.assign(line.style, { position: 'fixed', inset: '0 0 auto', zIndex: 99, padding: '10px 20px', background: '#1f2328', color: '#fff', font: '600 20px/1.3 sans-serif' });
	})()`, quote(caption)))
	p.waitForPaint()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	eval[any](p, `document.getElementById('caption').remove()`)
	if err != nil {
		p.t.Fatal(err)
	}
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	f.Image = append(f.Image, reducePalette(full))
	f.Delay = append(f.Delay, int(hold/(10*time.Millisecond)))
}

// write keeps the film for the README.
func (f *film) write(t *testing.T) {
	t.Helper()
	var out bytes.Buffer
	err := gif.EncodeAll(&out, &f.GIF)
	if err == nil && *screenshots != "" {
		err = errors.Join(os.MkdirAll(*screenshots, 0o755), os.WriteFile(filepath.Join(*screenshots, "tour.gif"), out.Bytes(), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	if size := out.Len(); size < 50_000 || size > 1_500_000 {
		t.Errorf("the moving picture has %d bytes", size)
	}
}

// reducePalette keeps the 256 most frequent colours of a picture: a page of text and flat
// areas looks the same.
func reducePalette(full image.Image) *image.Paletted {
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
	return reduced
}
