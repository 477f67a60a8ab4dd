package learn

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/learn/course"
)

// TestNextStep_commandsAreTaken: when all steps are seen, the teacher is told how to answer what is left. The
// server takes each of these lines: a question of choices, and one of a number that was measured.
func TestNextStep_commandsAreTaken(t *testing.T) {
	gin.SetMode(gin.TestMode)
	h, err := Open(t.Context(), filepath.Join(t.TempDir(), "lessons.db"), Options{PublicURL: "http://localhost:8080", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	r := gin.New()
	h.Mount(r, func(*gin.Context) {}, func(*gin.Context) {})
	parts := regexp.MustCompile(`^curl -s -d (question=\S+) -d (\S+) http://localhost:8080(\S+)$`)
	for _, l := range course.Load().Lessons {
		for _, q := range l.Questions {
			h.Tracker().Restore(map[string]progress{l.ID: answeredBut(l, q)})
			next := h.NextStep(l.ID)
			if next == nil || next.ID != q.ID {
				t.Fatalf("%s: after %s is left comes %+v", l.ID, q.ID, next)
			}
			line := parts.FindStringSubmatch(next.Command)
			if line == nil {
				t.Fatalf("%s: %s", l.ID, next.Command)
			}
			req := httptest.NewRequest("POST", line[3], strings.NewReader(line[1]+"&"+line[2]))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			if r.ServeHTTP(w, req); w.Code != 200 {
				t.Errorf("%s is answered %d %s", next.Command, w.Code, w.Body)
			}
		}
	}
}

// answeredBut is the progress of a lesson whose steps are seen and whose questions are answered but for one.
func answeredBut(l *course.Lesson, left course.Question) progress {
	p := newProgress(l)
	p.State, p.Answers = StateStarted, map[string]int{}
	for i, pattern := range l.Done.Patterns() {
		if pattern.Answer == "" {
			p.Seen[i] = 1
		}
	}
	for _, q := range l.Questions {
		if q.ID != left.ID {
			p.Answers[q.ID] = q.Answer
		}
	}
	return p
}
