package httpjson

import (
	"errors"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// request returns a context with a POST request, whose headers are name, value, …
func request(body string, headers ...string) *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		c.Request.Header.Add(headers[i], headers[i+1])
	}
	return c
}

// slug is the kind of problem that err is, with the field that it complains about.
func slug(err error) string {
	p, ok := errors.AsType[*problem.Problem](err)
	switch {
	case err == nil:
		return ""
	case !ok:
		return err.Error()
	case len(p.Errors) > 0:
		return p.Slug() + " " + p.Errors[0].Field + " " + p.Errors[0].Message
	}
	return p.Slug()
}

func TestQuality_mostSpecificRangeCounts(t *testing.T) {
	for accept, want := range map[string]float64{
		"":                              0,
		"text/plain":                    1,
		"TEXT/Plain;charset=utf-8":      1,
		"*/*;q=0.1, text/*; Q=0.5":      0.5,
		"text/plain;q=0, */*":           0,
		"text/plain;Q=0, text/*":        0,
		"application/json, text/html":   0,
		"text/plain;q=nonsense":         1,
		";;, text/plain;q=0.25, broken": 0.25,
	} {
		if got := Quality(request("", "Accept", accept), "text/plain"); got != want {
			t.Errorf("Accept: %s gives %v, want %v", accept, got, want)
		}
	}
	if got := Quality(request("", "Accept", "text/html", "Accept", "text/plain;q=0.3"), "text/plain"); got != 0.3 {
		t.Errorf("the second of two headers gives %v", got)
	}
}

func TestNames_zeroWeightRefuses(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip, deflate, br": true, "br;q=1.0,GZIP ; q=0.001": true, "deflate, gzip;q=1": true,
		"": false, "*": false, "br": false, "gzipped": false, "gzip;q=0": false, "gzip; q=0.000": false, "gzip;Q=0": false, "gzip; Q=0.0, *": false, "gzip;q = 0": false,
	} {
		if got := Names(request("", "Accept-Encoding", header), "Accept-Encoding", "gzip"); got != want {
			t.Errorf("Accept-Encoding: %s names gzip: %v", header, got)
		}
	}
}

// The field in a message is one of the struct's, and the value sent is never repeated.
func TestBind_namesTheField(t *testing.T) {
	type body struct {
		Name  string   `json:"name"`
		Count *int64   `json:"count"`
		Set   []string `json:"set"`
	}
	for _, tc := range []struct{ text, json, form string }{
		{`{"name":"a","count":1}`, "", ""},
		{`{"name":1}`, "validation-failed name must be a string", ""},
		{`{"set":["a",1]}`, "validation-failed set[1] must be a string", ""},
		{`{"set":1}`, "validation-failed set must be a list", ""},
		{`[]`, "validation-failed body must be an object", ""},
		{`{"count":"x"}`, "validation-failed count must be a whole number", ""},
		{`{"role":1}`, "unknown-field", ""},
		{`{"name":1`, "malformed-json", ""},
		{`name=a&count=1`, "malformed-json", "ok"},
		{`name=1`, "malformed-json", "validation-failed name must be a string"},
		{"name=a&count=1\r\n", "malformed-json", "ok"},
		{"name=a&count=+1", "malformed-json", "validation-failed count must be a whole number"},
		{`count=x`, "malformed-json", "validation-failed count must be a whole number"},
		{`role=1`, "malformed-json", "unknown-field"},
		{`name=%`, "malformed-json", "malformed-form"},
		{`name=%ff`, "malformed-json", "malformed-form"},
	} {
		if got := slug(Bind(request(tc.text, "Content-Type", "application/json"), new(body))); got != tc.json {
			t.Errorf("%s is answered %q, want %q", tc.text, got, tc.json)
		}
		if tc.form == "" {
			continue
		}
		if got := slug(BindOrForm(request(tc.text, "Content-Type", FormType), new(body))); got != strings.TrimPrefix(tc.form, "ok") {
			t.Errorf("the form %s is answered %q, want %q", tc.text, got, tc.form)
		}
	}
}

func TestForm_refusesUnknownAndRepeatedFields(t *testing.T) {
	for text, want := range map[string]string{
		"a=1&b=": "", "a=1&c=2": "unknown-field", "a=1&a=2": "malformed-form", "a=%zz": "malformed-form", "a=\xff": "malformed-form",
	} {
		if _, err := SingleForm(request(text), "a", "b"); slug(err) != want {
			t.Errorf("%q is answered %q, want %q", text, slug(err), want)
		}
	}
	if values, err := Form(request("a=1&a=2"), "a"); err != nil || len(values["a"]) != 2 {
		t.Errorf("a repeated field is read as %v: %v", values, err)
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "aWQ6MTc", "aWQ6MA", "aWQ6LTE", "====", "\x00", Cursor(math.MaxInt64).String()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cur, ok := ParseCursor(text)
		if ok && (cur < 1 || cur.String() != text) {
			t.Errorf("%q was taken for %d", text, cur)
		}
	})
}
