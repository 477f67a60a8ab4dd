package app

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// overPostgres lets the program keep its order book in a new database. It needs
// a server, see testkit; without one there is nothing that the test could say.
func overPostgres(t *testing.T, test func(t *testing.T)) {
	if testkit.Wanted() {
		t.Setenv("DATABASE_URL", testkit.Empty(t))
		test(t)
	}
}

func TestPostgresThatIsNotThere(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("DATABASE_URL", "postgres://alice:mozzarella@"+closed.Addr().String()+"/book")
	house := launch(t, t.TempDir(), freeAddr(t))
	if code := house.wait(10 * time.Second); code != 1 || !isOneSentence(house.out.String(), "check that the server runs") || strings.Contains(house.out.String(), "mozzarella") {
		t.Errorf("it ends with %d and says %s", code, house.out)
	}
}

func TestNothingAcknowledgedIsLostInPostgres(t *testing.T) {
	overPostgres(t, func(t *testing.T) { killAgainAndAgain(t, t.TempDir(), 5) })
}

func TestSeedGeneratesACrowdInPostgres(t *testing.T) {
	overPostgres(t, func(t *testing.T) {
		t.Setenv("PUBLIC_URL", "http://localhost:8080")
		seeding := launch(t, t.TempDir(), freeAddr(t), "seed", "-orders", "2000", "-guests", "100")
		if code := seeding.wait(30 * time.Second); code != 0 || !strings.Contains(seeding.out.String(), "2000 orders are new") {
			t.Errorf("it ends with %d and says %s", code, seeding.out)
		}
	})
}

// TestThreeBranchesOverOnePostgres starts three branches at the same moment, each
// with a folder of its own. Guests find their orders at all of them, a key stands
// for one order everywhere, and what is ordered at a branch whose kitchen rests
// is cooked at another.
func TestThreeBranchesOverOnePostgres(t *testing.T) {
	overPostgres(t, func(t *testing.T) {
		t.Setenv("KITCHEN_PACE", "20ms")
		var branches []*running
		for i := range 3 {
			args := []string{"serve", "-kitchen", "manual"}
			if i == 2 {
				args = []string{"serve"}
			}
			branches = append(branches, launch(t, t.TempDir(), freeAddr(t), args...))
		}
		var first struct {
			ID     int64
			Status string
		}
		for i, branch := range branches {
			branch.ready()
			alice := branch.login("alice")
			o := first
			if status := branch.call("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &o, "Idempotency-Key", "pizza"); status != 201 {
				t.Fatalf("branch %d answers %d", i, status)
			}
			if i == 0 {
				first = o
			}
			if o.ID != first.ID {
				t.Errorf("branch %d has order %d for the key of order %d", i, o.ID, first.ID)
			}
		}
		path, alice := fmt.Sprint("/api/v1/orders/", first.ID), branches[0].login("alice")
		for deadline := time.Now().Add(20 * time.Second); first.Status != "served"; time.Sleep(5 * time.Millisecond) { // asked again, not raced against
			if status := branches[0].call("GET", path, alice, "", &first); status != 200 || time.Now().After(deadline) {
				t.Fatalf("%d, the order is %s", status, first.Status)
			}
		}
		for i, branch := range branches {
			branch.close()
			if said := branch.out.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "level=WARN") || strings.Contains(said, "sslmode") {
				t.Errorf("branch %d says %s", i, said)
			}
		}
	})
}
