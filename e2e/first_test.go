//go:build e2e

package e2e

import "testing"

func TestTheFirstView(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/")
	guest.finds(heading("Restaurant"))
	guest.everyone("the first view")
	guest.looks("first")
}
