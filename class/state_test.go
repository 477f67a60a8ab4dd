package class

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/problem"
)

// TestStuck_byTime: twice the minutes of a lesson without anything new. A pause, a free table
// and something new each begin the time again.
func TestStuck_byTime(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
	for _, tc := range []struct {
		name   string
		state  State
		since  *time.Time
		newAt  *time.Time
		opened time.Time
		want   bool
	}{
		{"eleven minutes in a lesson of five", StateSeated, ago(11 * time.Minute), nil, time.Time{}, true},
		{"ten minutes are not more than twice five", StateSeated, ago(10 * time.Minute), nil, time.Time{}, false},
		{"something new two minutes ago", StateSeated, ago(11 * time.Minute), ago(2 * time.Minute), time.Time{}, false},
		{"something new long ago", StateSeated, ago(30 * time.Minute), ago(12 * time.Minute), time.Time{}, true},
		{"a learner who sends nothing any more", StateIdle, ago(11 * time.Minute), nil, time.Time{}, true},
		{"a class that goes on the next day", StateSeated, ago(24 * time.Hour), nil, now.Add(-time.Minute), false},
		{"nobody is there", StateFree, ago(11 * time.Minute), nil, time.Time{}, false},
		{"a closed table", StateClosed, ago(11 * time.Minute), nil, time.Time{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := tableState{State: tc.state, Since: tc.since}
			s.stuck(&learn.LessonOverview{Minutes: 5, NewAt: tc.newAt}, 0, now, tc.opened)
			if s.Stuck != tc.want || tc.want && *s.StuckBy != stuckByTime {
				t.Errorf("stuck is %v by %v, want %v", s.Stuck, s.StuckBy, tc.want)
			}
		})
	}
}

// TestStuck_byRefusals: three equal refusals in a row, unless a lesson asks for them.
func TestStuck_byRefusals(t *testing.T) {
	refusal := func(route, problem string, helped bool) fact {
		return fact{Route: route, Status: 401, Problem: httpjson.Optional(problem), helped: helped}
	}
	orders := refusal("GET /api/v1/orders", "token-expired", false)
	for _, tc := range []struct {
		name  string
		facts []fact
		want  bool
	}{
		{"three in a row", []fact{orders, orders, orders}, true},
		{"two in a row", []fact{orders, orders}, false},
		{"a success in between", []fact{orders, orders, {Route: "GET /api/v1/menu", Status: 200}, orders}, false},
		{"another address in between", []fact{orders, orders, refusal("GET /api/v1/lounge", "token-expired", false), orders}, false},
		{"another reason in between", []fact{orders, orders, refusal("GET /api/v1/orders", "token-malformed", false), orders}, false},
		{"the lesson asks for one of them", []fact{orders, orders, refusal("GET /api/v1/orders", "token-expired", true)}, false},
		{"three after others", []fact{refusal("GET /api/v1/lounge", "vip-only", false), orders, orders, orders}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h history
			for _, f := range tc.facts {
				h.add(f)
			}
			_, inRow := h.newest()
			s := tableState{State: StateSeated}
			s.stuck(&learn.LessonOverview{Minutes: 5}, inRow, time.Now(), time.Now())
			if s.Stuck != tc.want || tc.want && *s.StuckBy != stuckByRefusals {
				t.Errorf("stuck is %v by %v, want %v", s.Stuck, s.StuckBy, tc.want)
			}
		})
	}
}

// TestRadar counts tables, not requests, and only what is a matter of now.
func TestRadar(t *testing.T) {
	now := time.Now()
	f := func(problem string, ago time.Duration, helped bool) fact {
		return fact{At: now.Add(-ago), Status: 401, Problem: httpjson.Optional(problem), helped: helped}
	}
	tables := []tableState{
		{troubles: troubles([]fact{f("token-expired", 0, false), f("token-expired", time.Second, false)}, now)},
		{troubles: troubles([]fact{f("token-expired", time.Minute, false), f("vip-only", time.Minute, false)}, now)},
		{troubles: troubles([]fact{f("vip-only", radarTime, false), f("token-expired", 0, true), {Status: 200}}, now)},
	}
	got := radar(tables)
	if len(got) != 2 || got[0].Problem != "token-expired" || got[0].Tables != 2 || got[1].Problem != "vip-only" || got[1].Tables != 1 {
		t.Fatalf("radar: %+v", got)
	}
	if got[0].Say != "Your token has ended. Log in again, and send the new one." {
		t.Errorf("to say: %q", got[0].Say)
	}
}

// TestRadar_saysWhatIsTrueInAClass: there is no HTTPS, and an address of the API is below that of a
// table. Where docs/class.md has a sentence, too, it is the same one.
func TestRadar_saysWhatIsTrueInAClass(t *testing.T) {
	wrong := regexp.MustCompile(`https|RESTAURANT_|(^|\s)/[a-z.]`)
	for _, kind := range problem.Kinds() {
		if say := sayingOf(kind.Slug); kind != problem.UndoExpired && (say == "" || wrong.MatchString(say)) { // no learner gets that one
			t.Errorf("%s: %q", kind.Slug, say)
		}
	}
	page, err := os.ReadFile("../docs/class.md")
	if err != nil {
		t.Fatal(err)
	}
	for slug, say := range sayings {
		row := regexp.MustCompile("(?m)^\\| `" + slug + "` \\| (.*) \\|$").FindSubmatch(page)
		if problem.Find(slug) == nil || row != nil && strings.ReplaceAll(string(row[1]), "`", "") != say {
			t.Errorf("%s: %q, and the page says %q", slug, say, row)
		}
	}
	if say := sayingOf("vip-only"); say != "Log in as a VIP, for example with the demo account vera." {
		t.Errorf("words that are right in a class, too, became %q", say)
	}
}

// TestHistory_keepsTheNewest keeps twenty, so that the memory of a class is bounded.
func TestHistory_keepsTheNewest(t *testing.T) {
	var h history
	for n := range 50 {
		h.add(fact{Status: n})
	}
	if facts, _ := h.newest(); len(facts) != maxFacts || facts[0].Status != 49 || facts[19].Status != 30 {
		t.Errorf("%d facts, from %d", len(facts), facts[0].Status)
	}
}
