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

// TestReturnMemory fills and drops 160 MiB, of which the runtime may give some back at once: at rest they all go back to the operating system
// within half a minute.
func TestReturnMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var worker sync.WaitGroup
		defer worker.Wait()
		defer stop()
		runtime.KeepAlive(bytes.Repeat([]byte("pizza"), 160<<20/5))
		runtime.GC() // they are unused now, and still held
		before := readMemory()
		worker.Go(func() { returnMemory(ctx) })
		time.Sleep(2 * memoryEvery)
		synctest.Wait()
		if after := readMemory(); before.held < 128<<20 || after.held > 64<<20 {
			t.Errorf("%d MiB were held, %d still are", before.held>>20, after.held>>20)
		}
	})
}
