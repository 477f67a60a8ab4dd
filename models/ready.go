package models

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
	"gorm.io/gorm"
)

// readyTimeout keeps a readiness check shorter than the few seconds between two
// of them.
const readyTimeout = time.Second

// readiness is shared by all who ask at the same moment. Once a second is as fresh as
// a load balancer needs; a few more are for those who ask only now and then.
type readiness struct {
	asking singleflight.Group
	tests  *rate.Limiter
	last   atomic.Pointer[error]
}

func newReadiness() *readiness {
	return &readiness{tests: rate.NewLimiter(rate.Every(time.Second), 10)}
}

// Ready returns an error unless the database can be read and an order could be
// written now. It does not wait longer than readyTimeout for either.
func (s *Store) Ready(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if s.Shared() {
		ctx = within // a file answers anyway
	}
	var one int
	if err := s.read(ctx).Raw("SELECT 1").Scan(&one).Error; err != nil {
		return err
	}
	if err := s.engine.mayWrite(); err != nil { // a test that runs may wait for what is known by now
		return err
	}
	select {
	case res := <-s.ready.asking.DoChan("", s.testOnce):
		return res.Err
	case <-within.Done():
		if errors.Is(within.Err(), context.Canceled) {
			return within.Err()
		}
		return fmt.Errorf("%w: no write was possible within %v", ErrDatabaseUnavailable, readyTimeout)
	}
}

// testOnce returns what the newest test has found. Its context is nobody's: it is for
// all who wait for it.
func (s *Store) testOnce() (any, error) {
	last := s.ready.last.Load()
	if last != nil && !s.ready.tests.Allow() {
		return nil, *last
	}
	err := s.testWrite(context.Background())
	s.ready.last.Store(&err)
	return nil, err
}

// errTested rolls a test back.
var errTested = errors.New("the test is over")

// testWrite takes all locks that an order takes, but writes nothing: a test that did
// would wear out the disk while the server is idle. Only where a commit waits for a standby,
// nothing less than a commit shows whether it comes back.
func (s *Store) testWrite(ctx context.Context) error {
	err := s.engine.do(ctx, false, func(tx *gorm.DB) error {
		if lock := s.engine.dialect().lockOrders; lock != "" {
			if err := tx.Exec(lock).Error; err != nil {
				return err
			}
		}
		return errTested
	})
	if errors.Is(err, errTested) {
		return s.engine.confirm(ctx)
	}
	return err
}
