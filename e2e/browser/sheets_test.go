package browser

import (
	"bytes"
	"compress/zlib"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"restaurant/learn/course"
)

// TestSheets_oneA4Each prints the sheet of every lesson, also with the longer addresses of a
// class: one page of A4, and no letter smaller than 9 pt.
func TestSheets_oneA4Each(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "1")
	for name, p := range map[string]*tab{"alone": startServer(t).newTab(t), "class": room.newInsecureTab(t)} {
		base := ""
		if name == "class" {
			base = room.take(t, "Alice")
		}
		for _, l := range course.Load().Lessons {
			p.open(base + "/learn/sheet?lessons=" + l.ID)
			sheet := p.printed(name + " " + l.ID)
			if sheet.pages != 1 {
				t.Errorf("%s: the sheet of %s takes %d pages", name, l.ID, sheet.pages)
			}
			if sheet.letters < 9 {
				t.Errorf("%s: the sheet of %s has letters of %.1f pt", name, l.ID, sheet.letters)
			}
			if len(sheet.papers) != 1 || !sheet.papers["595 842"] {
				t.Errorf("%s: the sheet of %s is not on A4: %v", name, l.ID, sheet.papers)
			}
		}
		p.open(base + "/learn/sheet?lessons=L01-L18")
		if together := p.printed(name + " together"); together.pages != len(course.Load().Counted()) {
			t.Errorf("%s: all sheets together take %d pages", name, together.pages)
		}
	}
}

// TestSheets_fitOnAPhone: a learner without a printer reads them there.
func TestSheets_fitOnAPhone(t *testing.T) {
	t.Parallel()
	p := startServer(t).newTab(t)
	p.resize(320, 900)
	for _, l := range course.Load().Lessons {
		p.open("/learn/sheet?lessons=" + l.ID)
		p.checkNoHorizontalScroll("the sheet of " + l.ID + " at 320 px")
	}
}

// pdf is what tests want to know of a PDF.
type pdf struct {
	pages   int
	papers  map[string]bool // width and height in points, 1/72 inch
	letters float64         // the size of the smallest letters, in points
}

// printed prints what is open, and keeps the PDF with -artifacts.
func (p *tab) printed(name string) pdf {
	p.t.Helper()
	yes := true
	data := call(p, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes}).Data
	file := strings.ReplaceAll(p.t.Name()+"-"+name, " ", "-") + ".pdf"
	if err := os.WriteFile(filepath.Join(p.t.ArtifactDir(), file), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return readPDF(data)
}

var (
	pageOfPDF   = regexp.MustCompile(`/Type\s*/Page\b`)
	paperOfPDF  = regexp.MustCompile(`/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)`)
	streamOfPDF = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
)

// readPDF reads what Chromium writes, where only streams are compressed.
func readPDF(data []byte) pdf {
	found := pdf{pages: len(pageOfPDF.FindAll(data, -1)), papers: map[string]bool{}, letters: math.Inf(1)}
	for _, m := range paperOfPDF.FindAllSubmatch(data, -1) {
		found.papers[strconv.Itoa(int(math.Round(number(m[1]))))+" "+strconv.Itoa(int(math.Round(number(m[2]))))] = true
	}
	for _, m := range streamOfPDF.FindAllSubmatch(data, -1) {
		unpack, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // a picture, for example
		}
		content, err := io.ReadAll(unpack)
		if err == nil {
			found.letters = min(found.letters, smallestLetters(content))
		}
	}
	return found
}

// smallestLetters goes through the drawing of a page: `a b c d e f cm` scales it by a, until Q
// goes back to the last q, and `/F1 12 Tf` takes letters of 12. Chromium prints a page that is
// too wide smaller, so what the style sheet says is not enough.
func smallestLetters(content []byte) float64 {
	smallest, scale, saved := math.Inf(1), 1.0, []float64{}
	words := bytes.Fields(content)
	for i, word := range words {
		switch string(word) {
		case "q":
			saved = append(saved, scale)
		case "Q":
			if n := len(saved) - 1; n >= 0 {
				scale, saved = saved[n], saved[:n]
			}
		case "cm":
			if i >= 6 {
				scale *= math.Abs(number(words[i-6]))
			}
		case "Tf":
			if i >= 1 {
				smallest = min(smallest, number(words[i-1])*scale)
			}
		}
	}
	return math.Round(smallest*100) / 100
}

func number(word []byte) float64 {
	n, _ := strconv.ParseFloat(string(word), 64)
	return n
}
