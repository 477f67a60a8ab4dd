package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"gorm.io/gorm"
)

// batchTest lets writes wait for one commit: the first holds the pen until all others
// stand in the queue.
type batchTest struct {
	s       *Store
	writes  sync.WaitGroup
	block   chan struct{}
	commits []int // how many writes each commit kept
}

func newBatchTest(t *testing.T) *batchTest {
	r := &batchTest{s: openFile(t), block: make(chan struct{})}
	r.s.OnCommit(func(c Commit) { r.commits = append(r.commits, c.Writes) })
	r.write(t.Context(), false, func(*gorm.DB) error { <-r.block; return nil })
	return r
}

// write adds one to the queue and returns when it stands there. The error is in
// *err when let has returned.
func (r *batchTest) write(ctx context.Context, once bool, fn func(tx *gorm.DB) error) (err *error) {
	err = new(error)
	r.writes.Go(func() { *err = r.s.engine.do(ctx, once, fn) })
	synctest.Wait()
	return err
}

// release unblocks the first write and waits until all are done.
func (r *batchTest) release() {
	close(r.block)
	r.writes.Wait()
}

// insertRows writes one row for each name.
func insertRows(names ...string) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		for _, name := range names {
			if err := tx.Create(&SeedRun{Name: name, ArrivedAt: 1}).Error; err != nil {
				return err
			}
		}
		return nil
	}
}

// rows lists what the database has in the end.
func (r *batchTest) rows(t *testing.T) string {
	t.Helper()
	var names []string
	noError(t, r.s.read(t.Context()).Model(&SeedRun{}).Order("name").Pluck("name", &names).Error)
	return strings.Join(names, " ")
}

func TestSQLiteWriter_waitingWritesShareOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBatchTest(t)
		for i := range 150 {
			r.write(t.Context(), i%2 == 0, insertRows(fmt.Sprint(i)))
		}
		if got := r.s.Waiting(); got != 151 {
			t.Errorf("%d are under way, want 151", got)
		}
		r.release()
		if want := []int{64, 64, 23}; !slices.Equal(r.commits, want) {
			t.Errorf("the commits kept %v writes, want %v", r.commits, want)
		}
		if got := queryInt(t, r.s, "SELECT count(*) FROM deliveries"); got != 150 || r.s.Waiting() != 0 {
			t.Errorf("%d were written, %d are under way", got, r.s.Waiting())
		}
	})
}

func TestSQLiteWriter_failureHarmsNoOtherWrite(t *testing.T) {
	refusal := errors.New("refused")
	for _, tc := range []struct {
		name string
		once bool
		fn   func(tx *gorm.DB) error
		want error
	}{
		{"after its first change", false, func(tx *gorm.DB) error { return errors.Join(insertRows("half")(tx), refusal) }, refusal},
		{"at its second change", false, insertRows("half", "half"), gorm.ErrDuplicatedKey},
		{"at a name that another write has just taken", false, insertRows("half", "a"), gorm.ErrDuplicatedKey},
		{"with its only statement", true, insertRows("a"), gorm.ErrDuplicatedKey},
		{"without having done anything", true, func(*gorm.DB) error { return refusal }, refusal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newBatchTest(t)
				before := r.write(t.Context(), false, insertRows("a", "b"))
				failing := r.write(t.Context(), tc.once, tc.fn)
				after := r.write(t.Context(), false, insertRows("c", "d"))
				again := r.write(t.Context(), true, insertRows("e"))
				r.release()
				if !errors.Is(*failing, tc.want) {
					t.Errorf("it was told %v, want %v", *failing, tc.want)
				}
				noError(t, errors.Join(*before, *after, *again))
				if got := r.rows(t); got != "a b c d e" {
					t.Errorf("the database has %q", got)
				}
			})
		})
	}
}

func TestWrite_failureLeavesNothing(t *testing.T) {
	s := openStore(t)
	if err := s.write(t.Context(), insertRows("half", "half")); !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("err = %v", err)
	}
	noError(t, s.write(t.Context(), insertRows("whole"))) // the control
	if got := queryInt(t, s, "SELECT count(*) FROM deliveries"); got != 1 {
		t.Errorf("%d were written, want 1", got)
	}
}

func TestSQLiteWriter_skipsCanceledWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBatchTest(t)
		ctx, cancel := context.WithCancel(t.Context())
		before := r.write(t.Context(), false, insertRows("a"))
		given := r.write(ctx, false, insertRows("never"))
		cancel()
		synctest.Wait()
		if !errors.Is(*given, context.Canceled) {
			t.Errorf("who gave up in the queue was told %v", *given)
		}
		after := r.write(ctx, true, insertRows("not even tried"))
		r.release()
		noError(t, *before)
		if got := r.rows(t); got != "a" || !errors.Is(*after, context.Canceled) {
			t.Errorf("the database has %q, and who came too late was told %v", got, *after)
		}
	})
}

// The driver aborts a whole transaction when its context ends.
func TestSQLiteWriter_cancelDuringAWriteHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBatchTest(t)
		ctx, cancel := context.WithCancel(t.Context())
		before := r.write(t.Context(), false, insertRows("a"))
		leaving := r.write(ctx, false, func(tx *gorm.DB) error {
			cancel()
			return insertRows("b")(tx)
		})
		after := r.write(t.Context(), false, insertRows("c"))
		r.release()
		noError(t, errors.Join(*before, *leaving, *after))
		if got := r.rows(t); got != "a b c" {
			t.Errorf("the database has %q", got)
		}
	})
}

func TestSQLiteWriter_answersAfterTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBatchTest(t)
		answered := make(chan error, 1)
		r.writes.Go(func() { answered <- r.s.write(t.Context(), insertRows("a")) })
		synctest.Wait()
		slow := make(chan struct{})
		r.write(t.Context(), false, func(*gorm.DB) error { <-slow; return nil })
		close(r.block)
		synctest.Wait()
		select {
		case err := <-answered:
			t.Errorf("answered %v while the transaction is open", err)
		default:
		}
		if got := r.rows(t); got != "" {
			t.Errorf("a reader sees %q", got)
		}
		close(slow)
		noError(t, <-answered)
		if got := r.rows(t); got != "a" {
			t.Errorf("the database has %q", got)
		}
		r.writes.Wait()
	})
}

// A panic is a bug. Its caller gets it back; the other writes of the transaction
// fail.
func TestSQLiteWriter_panicReachesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBatchTest(t)
		other := r.write(t.Context(), false, insertRows("a"))
		var cause any
		r.writes.Go(func() {
			defer func() { cause = recover() }()
			_ = r.s.write(t.Context(), func(tx *gorm.DB) error {
				_ = insertRows("half")(tx)
				panic("something broke")
			})
		})
		synctest.Wait()
		r.release()
		if text := fmt.Sprint(cause); !strings.Contains(text, "something broke") || !strings.Contains(text, "writer_test.go") {
			t.Errorf("the caller got %v", cause)
		}
		if !errors.Is(*other, ErrDatabaseUnavailable) || strings.Contains((*other).Error(), "goroutine") {
			t.Errorf("the other write was told %v", *other)
		}
		if got := r.rows(t); got != "" {
			t.Errorf("the database has %q", got)
		}
		noError(t, r.s.write(t.Context(), insertRows("the next")))
	})
}

func TestWrite_afterClose(t *testing.T) {
	s := openStore(t)
	noError(t, s.write(t.Context(), insertRows("a"))) // the control
	noError(t, s.Close())
	if err := s.write(t.Context(), insertRows("b")); !errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("err = %v, want ErrDatabaseUnavailable", err)
	}
}
