package app

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestReturnMemory fills and drops 128 MiB: at rest they go back to the operating system
// within half a minute.
func TestReturnMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var worker sync.WaitGroup
		defer worker.Wait()
		defer stop()
		runtime.KeepAlive(bytes.Repeat([]byte("pizza"), 128<<20/5))
		runtime.GC() // they are unused now, and still held
		before := readMemory()
		worker.Go(func() { returnMemory(ctx) })
		time.Sleep(2 * memoryEvery)
		synctest.Wait()
		// The runtime gives some of it back meanwhile by itself.
		if after := readMemory(); before.held < 96<<20 || after.held > 64<<20 {
			t.Errorf("%d MiB were held, %d still are", before.held>>20, after.held>>20)
		}
	})
}
