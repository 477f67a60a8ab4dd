package main

import "testing"

// TestPocketBase_isSkippedWhereItCannotBeBuilt: the rest is measured without it.
func TestPocketBase_isSkippedWhereItCannotBeBuilt(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // which has no go
	if p, err := startPocketBase(t.Context(), t.TempDir(), "FULL"); p != nil || err != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
