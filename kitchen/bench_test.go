package kitchen

import (
	"sync"
	"testing"
	"time"

	"restaurant/models"
)

// BenchmarkAdvanceDue is one run with a full batch of due orders: each makes a step and
// is published.
func BenchmarkAdvanceDue(b *testing.B) {
	f := newFixture(b)
	k := New(f.store, Mode{Pace: time.Nanosecond}, silent)
	ctx, sql := models.CountStatements(b.Context())
	var statements int64
	moved := 0
	f.store.OnStatus(func(_ models.Status, orders int) { moved += orders })
	b.ReportAllocs()
	for turn := 0; b.Loop(); turn++ {
		if turn%3 == 0 { // all have been served
			b.StopTimer()
			for range batch {
				f.placeOrder(b)
			}
			b.StartTimer()
		}
		before := sql.Count()
		moved = 0
		if k.advanceDue(ctx); moved != batch {
			b.Fatalf("%d orders moved, want %d", moved, batch)
		}
		statements += sql.Count() - before
	}
	b.ReportMetric(float64(statements)/float64(b.N), "sql/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "µs/order")
}

// BenchmarkPublish publishes a step of an order to which a thousand listen, and
// waits until all of them have received it.
func BenchmarkPublish(b *testing.B) {
	const listeners = 1000
	var e Events
	var received, gone sync.WaitGroup
	preparing := orderAt(models.StatusPreparing)
	for range listeners {
		changes, _ := e.Subscribe(preparing.ID) // until Close
		gone.Go(func() {
			for range changes {
				received.Done()
			}
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		received.Add(listeners)
		e.publish(preparing)
		received.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*listeners), "ns/listener")
	e.Close()
	gone.Wait()
}
