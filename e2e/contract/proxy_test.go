package contract

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// referee holds every exchange that passes one of its proxies against the document, and
// counts. Both ways: what the document allows is not refused for its form, and what it
// forbids is not taken.
type referee struct {
	loose, strict routers.Router
	paths         map[string]*openapi3.PathItem
	operations    map[string]*openapi3.Operation // by id
	mu            sync.Mutex
	exchanges     int
	statuses      map[string]map[int]int // by id of the operation
	mismatches    []string
	beyond        map[string]int // how often each of beyondSchema was the reason
	streamEvent   *openapi3.Schema
}

// newReferee reads the document that a server serves.
func newReferee(t testing.TB, document []byte) *referee {
	t.Helper()
	j := &referee{operations: map[string]*openapi3.Operation{}, statuses: map[string]map[int]int{}, beyond: map[string]int{}}
	loose, strict := load(t, document), load(t, document)
	closeSchemas(strict)
	j.paths = loose.Paths.Map()
	for _, item := range j.paths {
		for _, op := range item.Operations() {
			j.operations[op.OperationID], j.statuses[op.OperationID] = op, map[int]int{}
		}
	}
	if event := strict.Components.Schemas["OrderEvent"]; event != nil {
		j.streamEvent = event.Value
	}
	j.loose, j.strict = newRouter(t, loose), newRouter(t, strict)
	return j
}

func load(t testing.TB, document []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil // the proxies have ports of their own
	return doc
}

func newRouter(t testing.TB, doc *openapi3.T) routers.Router {
	t.Helper()
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation()) // make docs validates them
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// closeSchemas forbids members that a schema does not list, so that an answer cannot have
// one that is not documented.
func closeSchemas(doc *openapi3.T) {
	closed := false
	for _, ref := range doc.Components.Schemas {
		if s := ref.Value; len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = &closed
		}
	}
}

// exchangeKey is where a request carries what the referee found in it.
type exchangeKey struct{}

// exchange is a request, and what the document says of it.
type exchange struct {
	method, path string
	fault        error // why the document forbids it
	input        *openapi3filter.RequestValidationInput
}

// proxy serves a server through the referee and returns its URL.
func (j *referee) proxy(t testing.TB, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			if r.In.Host == r.In.Context().Value(http.LocalAddrContextKey).(fmt.Stringer).String() {
				r.Out.Host = target.Host // what the proxy is called under stands for the server's own name
			}
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} { // Rewrite has removed them
				if v := r.In.Header.Values(name); len(v) > 0 {
					r.Out.Header[name] = v
				}
			}
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:      &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8},
		ModifyResponse: j.response,
		FlushInterval:  -1,
	}
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := j.request(r)
		forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	}))
	t.Cleanup(p.Close)
	return p.URL
}

// request returns what the document says of a request. Its body can be read again.
func (j *referee) request(r *http.Request) *exchange {
	x := &exchange{method: r.Method, path: r.URL.RequestURI()}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		x.fault = err
		return x
	}
	copied := r.Clone(r.Context())
	r.Body, copied.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	route, params, err := j.loose.FindRoute(copied)
	if err != nil {
		return x
	}
	x.input = &openapi3filter.RequestValidationInput{
		Request: copied, Route: route, PathParams: params,
		Options: &openapi3filter.Options{AuthenticationFunc: identified, SkipSettingDefaults: true},
	}
	x.fault = openapi3filter.ValidateRequest(r.Context(), x.input)
	return x
}

// identified reports whether a request has what a security scheme asks for; whether it
// holds is for the server.
func identified(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r := in.RequestValidationInput.Request
	if in.SecurityScheme.In == openapi3.ParameterInCookie && strings.Contains(r.Header.Get("Cookie"), "_token") ||
		in.SecurityScheme.In == "" && r.Header.Get("Authorization") != "" {
		return nil
	}
	return fmt.Errorf("no %s", in.SecuritySchemeName)
}

// response judges an answer and the request that it answers.
func (j *referee) response(res *http.Response) error {
	x, _ := res.Request.Context().Value(exchangeKey{}).(*exchange)
	if x.input == nil {
		if res.StatusCode < 400 {
			j.mismatch(x, res.StatusCode, "no such operation is documented")
		}
		return nil
	}
	op := x.input.Route.Operation
	j.mu.Lock()
	j.exchanges++
	j.statuses[op.OperationID][res.StatusCode]++
	j.mu.Unlock()
	if isStream(res) {
		res.Body = &streamed{ReadCloser: res.Body, done: func(text []byte) { j.events(x, text) }}
		j.taken(x, res.StatusCode, nil)
		j.headers(x, op, res)
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	j.taken(x, res.StatusCode, body)
	j.headers(x, op, res)
	j.body(x, op, res, body)
	return nil
}

func (j *referee) mismatch(x *exchange, status int, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := fmt.Sprintf("%s %s: %d: %s", x.method, x.path, status, fmt.Sprintf(format, args...))
	if !slices.Contains(j.mismatches, line) {
		j.mismatches = append(j.mismatches, line)
	}
}

// taken compares what the server did with a request with what the document says of it.
func (j *referee) taken(x *exchange, status int, body []byte) {
	sent, _ := io.ReadAll(x.input.Request.Body)
	switch {
	case status >= 500 && status != http.StatusServiceUnavailable:
		j.mismatch(x, status, "a client caused a failure of the server\n\tsent: %s\n\tanswer: %s", brief(sent), body)
	case x.fault != nil && status < 400:
		j.mismatch(x, status, "the document forbids what was taken: %s\n\tsent: %s", oneLine(x.fault), brief(sent))
	case x.fault == nil && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) && !j.isBeyondSchema(body):
		j.mismatch(x, status, "the document allows what was refused\n\tsent: %s\n\tanswer: %s", brief(sent), body)
	}
}

// problem is a refusal.
type problem struct {
	Type   string `json:"type"`
	Errors []struct {
		Field string `json:"field"`
	} `json:"errors"`
}

// slug is the kind of the refusal.
func (p problem) slug() string { return strings.TrimPrefix(p.Type, "/problems/") }

// isBeyondSchema reports whether a refusal has other reasons than the form of a body or a
// parameter, which a schema describes. That one of two members must hold a token is one.
func (j *referee) isBeyondSchema(body []byte) bool {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch p.slug() {
	case "malformed-json", "malformed-form", "unknown-field":
		return false
	case "validation-failed":
		for _, e := range p.Errors {
			if beyondSchema[e.Field] == "" {
				return false
			}
			j.beyond[e.Field]++
		}
	}
	return true
}

// common are headers that every HTTP server may send, and that no client has to be told of.
var common = strings.Fields(`Content-Type Content-Length Date Connection Transfer-Encoding Cache-Control Vary X-Accel-Buffering
	X-Content-Type-Options X-Frame-Options Referrer-Policy Content-Security-Policy Permissions-Policy
	Cross-Origin-Resource-Policy Cross-Origin-Opener-Policy Access-Control-Allow-Origin Access-Control-Expose-Headers`)

// headers looks for headers that are not documented.
func (j *referee) headers(x *exchange, op *openapi3.Operation, res *http.Response) {
	documented := answerOf(op, res.StatusCode)
	if documented == nil {
		j.mismatch(x, res.StatusCode, "the status is not documented")
		return
	}
	names := map[string]bool{}
	for name := range documented.Headers {
		names[http.CanonicalHeaderKey(name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if !names[name] && !slices.Contains(common, name) {
			j.mismatch(x, res.StatusCode, "the header %s is not documented", name)
		}
	}
}

// answerOf returns what the document says of an answer with this status, or nil. The
// default answer stands for refusals that come before any operation, and for none of its own.
func answerOf(op *openapi3.Operation, status int) *openapi3.Response {
	ref := op.Responses.Status(status)
	switch status {
	case http.StatusMethodNotAllowed, http.StatusExpectationFailed, http.StatusRequestHeaderFieldsTooLarge, http.StatusInternalServerError:
		ref = op.Responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

// body holds the body and the headers of an answer against their schemas.
func (j *referee) body(x *exchange, op *openapi3.Operation, res *http.Response, body []byte) {
	documented := answerOf(op, res.StatusCode)
	if documented == nil {
		return
	}
	if len(body) > 0 && len(documented.Content) == 0 {
		j.mismatch(x, res.StatusCode, "its body (%s) is not documented", res.Header.Get("Content-Type"))
	}
	if len(body) == 0 && len(documented.Content) > 0 && x.method != http.MethodHead {
		j.mismatch(x, res.StatusCode, "the documented body is missing")
		return
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") && textInWords[op.OperationID] != "" {
		return
	}
	input := *x.input
	route, _, err := j.strict.FindRoute(x.input.Request)
	if err != nil {
		j.mismatch(x, res.StatusCode, "%v", err)
		return
	}
	input.Route = route
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &input, Status: res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		j.mismatch(x, res.StatusCode, "%s\n\tanswer: %s", oneLine(err), brief(body))
	}
}

// isStream reports whether an answer is one that ends late.
func isStream(res *http.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream")
}

// streamed passes a stream on and hands over what has passed before its end is seen.
type streamed struct {
	io.ReadCloser
	text bytes.Buffer
	end  sync.Once
	done func([]byte)
}

func (s *streamed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.text.Write(p[:n])
	if err != nil {
		s.end.Do(func() { s.done(s.text.Bytes()) })
	}
	return n, err
}

func (s *streamed) Close() error {
	s.end.Do(func() { s.done(s.text.Bytes()) })
	return s.ReadCloser.Close()
}

// events holds the data of server-sent events against the schema OrderEvent.
func (j *referee) events(x *exchange, text []byte) {
	if j.streamEvent == nil {
		j.mismatch(x, http.StatusOK, "the document has no schema OrderEvent")
		return
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var value any
		err := json.Unmarshal([]byte(data), &value)
		if err == nil {
			err = j.streamEvent.VisitJSON(value, openapi3.VisitAsResponse())
		}
		if err != nil {
			j.mismatch(x, http.StatusOK, "%s\n\tevent: %s", oneLine(err), data)
		}
	}
}

// oneLine is the first sentence of an error; those of schemas repeat the whole schema.
func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return strings.Join(strings.Fields(text), " ")
}

func brief(body []byte) string {
	if len(body) > 300 {
		return string(body[:300]) + "…"
	}
	return string(body)
}

func init() {
	openapi3filter.RegisterBodyDecoder("application/x-pem-file", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/x-www-form-urlencoded", wholeForm)
}

// wholeForm decodes a form with all of its fields. That of the library leaves out those
// that the schema does not know, so that a form with one more would pass as allowed.
func wholeForm(body io.Reader, header http.Header, schema *openapi3.SchemaRef, enc openapi3filter.EncodingFn) (any, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	value, err := openapi3filter.UrlencodedBodyDecoder(bytes.NewReader(text), header, schema, enc)
	object, ok := value.(map[string]any)
	if err != nil || !ok {
		return value, err
	}
	form, err := url.ParseQuery(string(text))
	for name := range form {
		if _, known := object[name]; !known {
			object[name] = form.Get(name)
		}
	}
	return object, err
}
