package app

import (
	"net/http"
	"regexp"
	"testing"

	"restaurant/class"
)

// TestClass_printingTakesNoTable: the teacher opens the sheets of all tables, with all that they load,
// and each table is as free as before, also in a class that nobody may enter any more.
func TestClass_printingTakesNoTable(t *testing.T) {
	t.Parallel()
	c := openClassIn(t, t.TempDir(), class.Settings{Title: "Pizza class", Tables: 2, Join: class.JoinClosed})
	sheets := regexp.MustCompile(`href="(/t/[^"]*)"`).FindAllStringSubmatch(c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/sheets", "").body, -1)
	if len(sheets) != 2 {
		t.Fatalf("there are sheets of %d tables", len(sheets))
	}
	loads := regexp.MustCompile(`<(?:link|script|img)[^>]*(?:href|src)="(/[^"]*)"`)
	for _, sheet := range sheets {
		page := c.send(t, http.MethodGet, sheet[1], "", "Accept: text/html")
		if page.status != http.StatusOK {
			t.Errorf("%s: %d %s", sheet[1], page.status, page.body)
		}
		for _, file := range loads.FindAllStringSubmatch(page.body, -1) {
			if res := c.send(t, http.MethodGet, file[1], ""); res.status != http.StatusOK {
				t.Errorf("%s: %d %s", file[1], res.status, res.body)
			}
		}
	}
	if free := member(t, c.send(t, http.MethodGet, "/class", ""), "free"); free != 2.0 {
		t.Errorf("afterwards %v tables are free", free)
	}
}
