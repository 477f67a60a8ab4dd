package app

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestDemo_saysWhereItStopped: the error of a demo that Ctrl-C ended says what is left; another
// failure keeps its own words.
func TestDemo_saysWhereItStopped(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := errors.New("the server refused")
	for _, tc := range []struct {
		d     demoRun
		wants string
	}{
		{demoRun{ctx: ended}, "before the pizza was ordered"},
		{demoRun{ctx: ended, order: 7}, "order 7 is saved"},
		{demoRun{ctx: t.Context(), order: 7}, "the server refused"},
	} {
		if err := tc.d.stopped(refused); !strings.Contains(err.Error(), tc.wants) {
			t.Errorf("%+v: %v", tc.d, err)
		}
	}
}
