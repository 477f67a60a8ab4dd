package class

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// paced is a restaurant that keeps its pace.
type paced struct {
	Restaurant
	kitchen atomic.Int64
}

func (p *paced) SetPace(set Pace) { p.kitchen.Store(int64(set.KitchenPace)) }

// TestPace_isTheSameAtAllTables: of calls that overlap, one is the last at each table, and it is the one
// that a table which opens later begins with.
func TestPace_isTheSameAtAllTables(t *testing.T) {
	var all [5]*paced
	c := open(t, t.TempDir(), fiveTables, func(ctx context.Context, at Place) (Restaurant, error) {
		r, err := openEcho(ctx, at)
		p := &paced{Restaurant: r}
		all[at.Number[1]-'1'] = p
		return p, err
	})
	code, err := c.NewTeacherCode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range all {
		want(t, c.ask("GET", "/t/"+c.codeOf(n+1)+"/", ""), 200, "table")
	}
	for range 200 {
		var calls sync.WaitGroup
		for _, kitchen := range []string{"fast", "normal", "slow"} {
			calls.Go(func() {
				want(t, c.ask("POST", "/teach/pace", `{"kitchen":"`+kitchen+`"}`, "Authorization", "Bearer "+code), 200, kitchen)
			})
		}
		calls.Wait()
		for n, p := range all {
			if got := time.Duration(p.kitchen.Load()); got != c.pace.KitchenPace {
				t.Fatalf("the kitchen of table %d takes %v for a step, and for all %v is set", n+1, got, c.pace.KitchenPace)
			}
		}
	}
}
