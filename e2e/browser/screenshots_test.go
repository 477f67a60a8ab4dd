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

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write the README's moving picture into this folder")

// TestScreenshots walks to what the README shows: an order, its steps, a token with one
// claim changed, and the refusal. Without -screenshots the picture is only made.
func TestScreenshots(t *testing.T) {
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest, f := s.newTab(t), new(film)
	guest.expectStatus(401)
	guest.resize(980, 600)
	guest.open("/")
	guest.find(button("Order a pizza as alice"))
	guest.filmInto(f, 3*time.Second, "1. Order a pizza: the page sends requests to the API.")
	guest.click(button("Order a pizza as alice"))
	guest.waitUntil("the focus on Order", func() bool { return guest.focused() == button("Order") })
	guest.filmInto(f, 2*time.Second, "Now press Order: the page sends your token with it.")
	guest.click(button("Order"))
	carla := s.Login("carla")
	for _, step := range []string{"placed", "preparing", "ready", "served"} {
		if step != "placed" {
			s.advance(carla, 1, step)
		}
		guest.waitUntil(step, func() bool {
			return guest.isTrue(`document.querySelector('basket-box [aria-current=step]')?.textContent.startsWith(` + quote(step) + `)`)
		})
		guest.filmInto(f, 1500*time.Millisecond, "2. Watch it come: "+step+".")
	}
	guest.goTo("Token")
	guest.waitText("Valid for", "Checked by the server: it is right.")
	guest.showRegion("Payload")
	guest.filmInto(f, 4*time.Second, "3. Your token says who you are. You can read it.")
	guest.click(button("Change the claim"))
	guest.waitText(`"manager"`, "Checked by the server: it is wrong.")
	guest.showRegion("Payload")
	guest.filmInto(f, 4*time.Second, "4. Change it: say that you are the manager.")
	guest.click(button("Send it to the server"))
	guest.waitText("401")
	guest.find(link("Why?"))
	guest.filmInto(f, 5*time.Second, "5. The API refuses it: the signature no longer fits.")
	f.write(t)
}

// showRegion brings a region as far up as it goes.
func (p *tab) showRegion(name string) {
	p.t.Helper()
	callOn[any](p, p.find(region(name)).BackendDOMNodeID, `function() { this.scrollIntoView({ block: 'start' }); scrollBy(0, 150) }`)
}

// captionHeight is how many pixels a caption takes above the page.
const captionHeight = 46

// film is a picture that moves.
type film struct{ gif.GIF }

// filmInto adds what is in view to a film, with a caption above it, for so long.
func (p *tab) filmInto(f *film, hold time.Duration, caption string) {
	p.t.Helper()
	call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: "mouseMoved", X: 1, Y: 1}) // not over a link
	p.waitForPaint()
	page := p.picture()
	eval[any](p, fmt.Sprintf(`(() => {
		const line = document.body.appendChild(document.createElement('div'));
		line.id = 'caption';
		line.textContent = %s;
		Object.assign(line.style, { position: 'fixed', inset: '0 0 auto', zIndex: 99, height: '%dpx', padding: '0 20px', background: '#1f2328', color: '#fff', font: '600 21px/%[2]dpx sans-serif' });
	})()`, quote(caption), captionHeight))
	p.waitForPaint()
	line := p.picture()
	eval[any](p, `document.getElementById('caption').remove()`)
	area := page.Bounds()
	both := image.NewRGBA(image.Rect(0, 0, area.Dx(), area.Dy()+captionHeight))
	draw.Draw(both, image.Rect(0, 0, area.Dx(), captionHeight), line, image.Point{}, draw.Src)
	draw.Draw(both, area.Add(image.Pt(0, captionHeight)), page, area.Min, draw.Src)
	f.Image = append(f.Image, reducePalette(both))
	f.Delay = append(f.Delay, int(hold/(10*time.Millisecond)))
}

// picture is what is in view.
func (p *tab) picture() image.Image {
	p.t.Helper()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	return full
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
