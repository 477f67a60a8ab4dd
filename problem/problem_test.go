package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// answer writes a problem as the answer to a request that already has headers.
func answer(t *testing.T, path string, p *Problem) *httptest.ResponseRecorder {
	t.Helper()
	res := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(res)
	c.Request = httptest.NewRequest(http.MethodGet, path, nil)
	c.Header("X-Request-ID", "7TQ2VJ6WYNRCXK3DPLZB5SAGHE")
	c.Header("ETag", `"of the answer that did not come"`)
	c.Header("Cache-Control", "public, max-age=60")
	Write(c, p)
	if !c.IsAborted() {
		t.Error("the handlers behind would go on")
	}
	return res
}

// members decodes a body, without unknown members.
func members(t *testing.T, res *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(res.Body.Bytes(), &m); err != nil {
		t.Fatalf("%v in %s", err, res.Body)
	}
	return m
}

func TestWrite(t *testing.T) {
	res := answer(t, "/api/v1/orders/99?token=secret&x=1", NotFound.New("There is no order 99."))
	if res.Code != http.StatusNotFound {
		t.Errorf("status %d, want 404", res.Code)
	}
	want := map[string]any{
		"type": "/problems/not-found", "title": NotFound.Title, "status": 404.0, "detail": "There is no order 99.",
		"instance": "/api/v1/orders/99", "request_id": "7TQ2VJ6WYNRCXK3DPLZB5SAGHE",
	}
	if got := members(t, res); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/problem+json", "Cache-Control": "no-store", "ETag": "", "WWW-Authenticate": "", "Retry-After": "",
	} {
		if got := res.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWrite_keepsThePathEncoded(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/menu/a%2Fb%20c":       "/api/v1/menu/a%2Fb%20c",
		"/api/v1/menu/%3Cscript%3E":    "/api/v1/menu/%3Cscript%3E",
		"/api/v1/menu/%ff%00":          "/api/v1/menu/%ff%00",
		"/api/v1/menu/1?":              "/api/v1/menu/1",
		"/api/v1/menu/1?password=x#ok": "/api/v1/menu/1",
	} {
		if got := members(t, answer(t, path, NotFound.New("")))["instance"]; got != want {
			t.Errorf("%s: instance %v, want %s", path, got, want)
		}
	}
}

func TestNew_emptyDetailIsTheMeaning(t *testing.T) {
	for _, k := range Kinds() {
		if got := k.New("").Detail; got != k.Meaning {
			t.Errorf("%s: %q", k.Slug, got)
		}
	}
}

func TestFields_areListed(t *testing.T) {
	p := ValidationFailed.New("").Fields(FieldError{"items[0].quantity", "must be 1 to 20"}).Fields(FieldError{"table", "must be shorter"})
	want := []any{
		map[string]any{"field": "items[0].quantity", "message": "must be 1 to 20"},
		map[string]any{"field": "table", "message": "must be shorter"},
	}
	if got := members(t, answer(t, "/api/v1/orders", p))["errors"]; !reflect.DeepEqual(got, want) {
		t.Errorf("errors %v, want %v", got, want)
	}
	if _, has := members(t, answer(t, "/", ValidationFailed.New("")))["errors"]; has {
		t.Error("an empty list is shown")
	}
}

// Two requests that fail alike must not write into one document.
func TestNew_eachProblemIsItsOwn(t *testing.T) {
	one, two := ValidationFailed.New("").Fields(FieldError{"a", "b"}), ValidationFailed.New("")
	if len(one.Errors) != 1 || len(two.Errors) != 0 {
		t.Errorf("errors %v and %v", one.Errors, two.Errors)
	}
}

func TestWrite_challenge(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Slug, func(t *testing.T) {
			want := ""
			if k.Status == http.StatusUnauthorized {
				want = "Bearer"
			}
			got := answer(t, "/", k.New("")).Header().Get("WWW-Authenticate")
			if strings.HasPrefix(k.Slug, "token-") && k.Status == http.StatusUnauthorized {
				// RFC 6750, section 3: a description has no quotes and no backslashes.
				description, ok := strings.CutPrefix(got, `Bearer error="invalid_token", error_description="`)
				description, ends := strings.CutSuffix(description, `"`)
				if !ok || !ends || description == "" || strings.ContainsAny(description, "\"\\") {
					t.Errorf("WWW-Authenticate: %s", got)
				}
				return
			}
			if got != want { // no token was sent, so none is called invalid
				t.Errorf("WWW-Authenticate: %q, want %q", got, want)
			}
		})
	}
}

func TestWrite_everyRefusedTokenHasItsOwnDescription(t *testing.T) {
	seen := map[string]string{}
	for _, k := range Kinds() {
		if k.tokenError == "" {
			continue
		}
		if other := seen[k.tokenError]; other != "" {
			t.Errorf("%s and %s have the same description", k.Slug, other)
		}
		seen[k.tokenError] = k.Slug
	}
	if len(seen) < 6 {
		t.Errorf("only %d kinds of refused tokens", len(seen))
	}
}

func TestRetryAfter_isRoundedUp(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "", time.Nanosecond: "1", 999 * time.Millisecond: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90",
	} {
		if got := answer(t, "/", DatabaseUnavailable.New("").RetryAfter(wait)).Header().Get("Retry-After"); got != want {
			t.Errorf("after %v: %q, want %q", wait, got, want)
		}
	}
}

func TestBecause_isForTheLogOnly(t *testing.T) {
	cause := fmt.Errorf("SQLSTATE 42: %w", errors.New("/var/lib/restaurant.db is on fire"))
	p := InternalError.New("").Because(cause)
	res := answer(t, "/", p)
	everything := res.Body.String() + fmt.Sprint(res.Header())
	for _, secret := range []string{"SQLSTATE", "restaurant.db", "fire"} {
		if strings.Contains(everything, secret) {
			t.Errorf("the guest reads %q in %s", secret, everything)
		}
	}
	// The control: the log has it, and errors.Is finds it.
	if !strings.Contains(p.Error(), "on fire") || !strings.HasPrefix(p.Error(), "internal-error: ") || !errors.Is(p, cause) {
		t.Errorf("Error = %q", p.Error())
	}
	if got := NotFound.New("No such dish.").Error(); got != "not-found: No such dish." {
		t.Errorf("without a cause: %q", got)
	}
	if NotFound.New("").Slug() != "not-found" {
		t.Error("the slug is another one")
	}
}

func TestProblem_canBeFoundAsAnError(t *testing.T) {
	wrapped := fmt.Errorf("placing: %w", NotFound.New(""))
	if p, ok := errors.AsType[*Problem](wrapped); !ok || p.Slug() != "not-found" {
		t.Errorf("got %v", p)
	}
}
