package learn

import (
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/learn/course"
)

// newContext returns a request as OnResponse gets it.
func newContext() *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/api/v1/auth/me", nil)
	c.Request.Header.Set("User-Agent", "curl/8.14.1")
	return c
}

// TestFactOf_pageNamesItsClient: a page can say that it is another program, although
// browsers send their own User-Agent.
func TestFactOf_pageNamesItsClient(t *testing.T) {
	c := newContext()
	before := factOf(c).Client
	c.Request.Header.Set("X-User-Agent", "my-first-program")
	page := factOf(c).Client
	c.Request.Header.Del("X-User-Agent")
	c.Request.Header.Set("User-Agent", "my-first-program")
	if curl := factOf(c).Client; page != curl || page == before {
		t.Errorf("curl is %x, the page %x, and %x before it said who it is", curl, page, before)
	}
}

// BenchmarkFactOf is all that the lessons cost a request, apart from writing.
func BenchmarkFactOf(b *testing.B) {
	tr, c := NewTracker(course.Load(), nil, discard), newContext()
	b.ReportAllocs()
	for b.Loop() {
		tr.Observe(factOf(c))
	}
}

// TestObserve_takesLessThanAKilobyte lets facts pile up while the disk is slow.
func TestObserve_takesLessThanAKilobyte(t *testing.T) {
	tr, s := openTracker(t, t.TempDir()+"/lessons.db", course.Load())
	holdDisk(t, s)
	const requests = 10 * keepFacts
	c := newContext()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		tr.Observe(factOf(c))
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / requests; bytes > 1024 {
		t.Errorf("a request takes %d bytes", bytes)
	}
}
