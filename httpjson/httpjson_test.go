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
		Share *float64 `json:"share"`
		Set   []string `json:"set"`
		Dry   bool     `json:"dry"`
	}
	for _, tc := range []struct{ text, json, form string }{
		{`{"name":"a","count":1}`, "", ""},
		{`{"name":1}`, "validation-failed name must be a string", ""},
		{`{"set":["a",1]}`, "validation-failed set[1] must be a string", ""},
		{`{"set":1}`, "validation-failed set must be a list", ""},
		{`[]`, "validation-failed body must be an object", ""},
		{`{"count":"x"}`, "validation-failed count must be a whole number", ""},
		{`{"share":0.5}`, "", ""},
		{`{"share":"5,5"}`, "validation-failed share must be a number such as 12 or 0.5", ""},
		{`{"role":1}`, "unknown-field", ""},
		{`{"name":1`, "malformed-json", ""},
		{`name=a&count=1`, "malformed-json", "ok"},
		{`name=1`, "malformed-json", "ok"},
		{`name=0.5&count=-1&share=0`, "malformed-json", "ok"},
		{`{"count":1.0}`, "validation-failed count must be a whole number", ""},
		{`count=1.0`, "malformed-json", "validation-failed count must be a whole number"},
		{`count=01`, "malformed-json", "validation-failed count must be a whole number"},
		{`count=`, "malformed-json", "validation-failed count must be a whole number"},
		{`count=9223372036854775808`, "malformed-json", "validation-failed count must be a whole number"},
		{`count=1%0A`, "malformed-json", "validation-failed count must be a whole number"},
		{`set=1`, "malformed-json", "validation-failed set must be a list"},
		{"name=a&count=1\r\n", "malformed-json", "ok"},
		{"name=a&count=+1", "malformed-json", "validation-failed count must be a whole number"},
		{`count=x`, "malformed-json", "validation-failed count must be a whole number"},
		{`share=5.5`, "malformed-json", "ok"},
		{`dry=true&name=true`, "malformed-json", "ok"},
		{`dry=1`, "malformed-json", "validation-failed dry must be true or false"},
		{`dry=on`, "malformed-json", "validation-failed dry must be true or false"},
		{`count=true`, "malformed-json", "validation-failed count must be a whole number"},
		{`share=5,5`, "malformed-json", "validation-failed share must be a number such as 12 or 0.5"},
		{`role=1`, "malformed-json", "unknown-field"},
		{`name=a&name=b`, "malformed-json", "malformed-form"},
		{`count=1&count=1`, "malformed-json", "malformed-form"},
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
	if values, err := Form(request("a=1&a=2&b=3"), []string{"a"}, "b"); err != nil || len(values["a"]) != 2 {
		t.Errorf("a repeated field is read as %v: %v", values, err)
	}
	if _, err := Form(request("a=1&b=2&b=3"), []string{"a"}, "b"); slug(err) != "malformed-form" {
		t.Errorf("a field that comes once is answered %q twice", slug(err))
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

// TestRefusals_nameTheFix sends JSON and forms as clients get them wrong. Each refusal
// says what is wrong and what mends it.
func TestRefusals_nameTheFix(t *testing.T) {
	type body struct {
		Items []string `json:"items"`
		Table string   `json:"table"`
	}
	const jsonType = "application/json"
	for _, tc := range []struct{ name, text, contentType, slug, says string }{
		{"JSON", `{"items":[]}`, jsonType, "", ""},
		{"JSON in UTF-8", `{"items":[]}`, jsonType + "; charset=UTF-8", "", ""},
		{"a form", "table=window", FormType, "", ""},
		{"JSON that curl -d sent as a form", ` {"items":[]}`, FormType, "unsupported-media-type", "Content-Type: application/json"},
		{"a list as a form", `[]`, FormType, "unsupported-media-type", "Content-Type: application/json"},
		{"JSON without a type", `{}`, "", "unsupported-media-type", "without a Content-Type"},
		{"another type", `{}`, "text/plain", "unsupported-media-type", "text/plain"},
		{"an empty file as JSON", "", jsonType, "malformed-json", "is the file there"},
		{"a missing file as a form", "", FormType, "validation-failed", "is the file there"},
		{"a line end as a form", "\r\n", FormType, "validation-failed", "is the file there"},
		{"JSON with a mark", "\ufeff{}", jsonType, "malformed-json", "byte-order mark"},
		{"a form with a mark", "\ufefftable=7", FormType, "malformed-form", "byte-order mark"},
		{"JSON in UTF-16", "\xff\xfe{\x00}\x00", jsonType, "malformed-json", "UTF-16"},
		{"JSON in UTF-16, the other way round", "\x00{\x00}", jsonType, "malformed-json", "UTF-16"},
		{"a form in UTF-16", "t\x00=\x007\x00", FormType, "malformed-form", "UTF-16"},
		{"JSON in Latin-1", "{\"table\":\"\xfc\"}", jsonType, "malformed-json", "UTF-8"},
		{"a form in Latin-1", "table=\xfc", FormType, "malformed-form", "UTF-8"},
		{"a form that stands for Latin-1", "table=%fc", FormType, "malformed-form", ""},
		{"a form whose halves would be UTF-8", "table=%c3&table=%bc", FormType, "malformed-form", ""},
		{"a name that stands for Latin-1", "%ff=1", FormType, "malformed-form", ""},
		{"a misspelt field", `{"item":[]}`, jsonType, "unknown-field", `the field "item", which this call does not take. Did you mean "items"?`},
		{"a field in another case", `{"Items":[]}`, jsonType, "unknown-field", `Did you mean "items"?`},
		{"a misspelt field of a form", `tabel=7`, FormType, "unknown-field", `Did you mean "table"?`},
		{"the beginning of a field", `{"tab":7}`, jsonType, "unknown-field", `Did you mean "table"?`},
		{"a field that is like none", `{"price_cents":1}`, jsonType, "unknown-field", `"price_cents", which this call does not take. It takes: items, table.`},
		{"a field twice", `{"table":"7","items":[],"table":"8"}`, jsonType, "malformed-json", `The body names the field "table" twice.`},
		{"a field of another object", `{"items":[],"x":{"size":1,"size":2}}`, jsonType, "malformed-json", `The body names the field "size" twice.`},
		{"markup twice", `{"<b>":1,"<b>":2}`, jsonType, "malformed-json", "The body names a field twice."},
		{"a field that could be markup", `{"<script>":1}`, jsonType, "unknown-field", "a field that this call does not take. It takes: items, table."},
		{"a field that could be a leak", `{"password_hash":1}`, jsonType, "unknown-field", "a field that this call does not take. It takes: items, table."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := request(tc.text)
			if tc.contentType != "" {
				c.Request.Header.Set("Content-Type", tc.contentType)
			}
			err := BindOrForm(c, new(body))
			p, _ := errors.AsType[*problem.Problem](err)
			if (err == nil) != (tc.slug == "") || err != nil && (p == nil || p.Slug() != tc.slug || !strings.Contains(p.Detail, tc.says)) {
				t.Errorf("answered %v %+v", err, p)
			}
		})
	}
}

// TestRefusals_repeatNoKeyOfAMap: the keys of a map are the client's own text.
func TestRefusals_repeatNoKeyOfAMap(t *testing.T) {
	type line struct {
		Answers map[string]int `json:"answers"`
	}
	for key, want := range map[string]string{
		"q1": "lines[0].answers.q1", "<b>": "lines[0].answers", "a secret": "lines[0].answers", strings.Repeat("a", 41): "lines[0].answers", "": "lines[0].answers",
	} {
		var in struct {
			Lines []line `json:"lines"`
		}
		err := Bind(request(`{"lines":[{"answers":{"`+key+`":"x"}}]}`, "Content-Type", "application/json"), &in)
		p, _ := errors.AsType[*problem.Problem](err)
		if p == nil || len(p.Errors) != 1 || p.Errors[0].Field != want {
			t.Errorf("%q: answered %v %+v, want the field %s", key, err, p, want)
		}
	}
}
