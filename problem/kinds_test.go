package problem

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestKinds_areComplete(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	slugs, titles := map[string]bool{}, map[string]bool{}
	for _, k := range Kinds() {
		need := func(ok bool, what string) {
			t.Helper()
			if !ok {
				t.Errorf("%s: %s", k.Slug, what)
			}
		}
		need(kebab.MatchString(k.Slug) && !slugs[k.Slug], "the slug is not in kebab-case or there twice")
		need(k.Title != "" && !titles[k.Title], "the title is missing or there twice")
		need(strings.HasSuffix(k.Meaning, "."), "the meaning is no sentence")
		need(strings.HasSuffix(k.Next, "."), "what to do next is no sentence")
		need(k.Status >= 400 && http.StatusText(k.Status) != "", "the status is none of a refusal")
		need(Find(k.Slug) == k, "Find gives another one")
		need(k.New("").Type == "/problems/"+k.Slug && k.New("").Status == k.Status, "a problem of it says something else")
		slugs[k.Slug], titles[k.Title] = true, true
	}
	for _, slug := range []string{"", "nope", "NOT-FOUND", "not-found/"} {
		if Find(slug) != nil {
			t.Errorf("Find(%q) gives something", slug)
		}
	}
}

// Clients and scripts rely on these; see the HTTP surface.
func TestKinds_statusOfEachSlug(t *testing.T) {
	for slug, want := range map[string]int{
		"malformed-json": 400, "unknown-field": 400,
		"authentication-required": 401, "token-malformed": 401, "token-algorithm-refused": 401, "token-key-unknown": 401,
		"token-signature-invalid": 401, "token-claims-invalid": 401, "token-expired": 401, "invalid-credentials": 401,
		"role-required": 403, "vip-only": 403, "age-restricted": 403,
		"not-found": 404, "method-not-allowed": 405,
		"username-taken": 409, "item-unavailable": 409, "invalid-transition": 409, "last-manager": 409,
		"precondition-failed": 412, "body-too-large": 413, "unsupported-media-type": 415,
		"validation-failed": 422, "lifetime-too-long": 422, "idempotency-key-reused": 422, "header-too-large": 431,
		"internal-error": 500, "database-unavailable": 503, "storage-full": 503, "server-busy": 503,
	} {
		if k := Find(slug); k == nil || k.Status != want {
			t.Errorf("%s: %+v, want status %d", slug, k, want)
		}
	}
}

func TestKinds_serverErrorsDoNotBlameTheClient(t *testing.T) {
	for _, k := range Kinds() {
		ours := k == InternalError || k == DatabaseUnavailable || k == StorageFull || k == ServerBusy || k == NotReady || k == LabWeather || k == TableClosed || k == TableBroken || k == ClassPaused
		if (k.Status >= 500) != ours {
			t.Errorf("%s has status %d", k.Slug, k.Status)
		}
	}
}
