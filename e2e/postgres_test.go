package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// usePostgres lets the program keep its data in a new database. Without a server for
// tests, see testkit, it skips the test.
func usePostgres(t *testing.T) {
	t.Helper()
	testkit.NeedPostgres(t)
	t.Setenv("RESTAURANT_DATABASE_URL", testkit.EmptyDatabase(t))
}

// TestPostgres_missingServerIsExplained checks that the password is not printed.
func TestPostgres_missingServerIsExplained(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("RESTAURANT_DATABASE_URL", "postgres://alice:mozzarella@"+closed.Addr().String()+"/restaurant")
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t))
	if code := server.Wait(10 * time.Second); code != 1 || !isOneSentence(server.Output.String(), "check that the server runs") || strings.Contains(server.Output.String(), "mozzarella") {
		t.Errorf("exit code %d, output %s", code, server.Output)
	}
}

// TestPostgres_crashLosesNoAcknowledgedOrder is TestCrash over PostgreSQL.
func TestPostgres_crashLosesNoAcknowledgedOrder(t *testing.T) {
	usePostgres(t)
	killRepeatedly(t, t.TempDir(), 5)
}

// TestPostgres_seedGeneratesOrders fills an empty database.
func TestPostgres_seedGeneratesOrders(t *testing.T) {
	usePostgres(t)
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://localhost:8080")
	output, code := testkit.RunProgram(t, t.TempDir(), "", "seed", "-orders", "2000", "-guests", "100")
	if code != 0 || !strings.Contains(output, "2000 orders are new") {
		t.Errorf("exit code %d, output %s", code, output)
	}
}

// TestPostgres_threeInstances starts three instances at the same moment, each with a
// folder of its own. Guests find their orders at all of them, a key stands for one
// order everywhere, and what is ordered at an instance whose kitchen is manual is
// cooked by another.
func TestPostgres_threeInstances(t *testing.T) {
	usePostgres(t)
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	var instances []*testkit.Process
	for i := range 3 {
		args := []string{"serve", "-kitchen", "manual"}
		if i == 2 {
			args = []string{"serve"}
		}
		instances = append(instances, testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), args...))
	}
	var first struct {
		ID     int64
		Status string
	}
	for i, instance := range instances {
		instance.AwaitReady()
		alice := instance.Login("alice")
		o := first
		if status := instance.Call("POST", "/api/v1/orders", alice, onePizza, &o, "Idempotency-Key", "pizza"); status != 201 {
			t.Fatalf("instance %d answers %d", i, status)
		}
		if i == 0 {
			first = o
		}
		if o.ID != first.ID {
			t.Errorf("instance %d has order %d for the key of order %d", i, o.ID, first.ID)
		}
	}
	path, alice := fmt.Sprint("/api/v1/orders/", first.ID), instances[0].Login("alice")
	for deadline := time.Now().Add(20 * time.Second); first.Status != "served"; time.Sleep(5 * time.Millisecond) { // polled, not raced against
		if status := instances[0].Call("GET", path, alice, "", &first); status != 200 || time.Now().After(deadline) {
			t.Fatalf("%d, the order is %s", status, first.Status)
		}
	}
	for i, instance := range instances {
		instance.Stop()
		if output := instance.Output.String(); strings.Contains(output, "level=ERROR") || strings.Contains(output, "level=WARN") || strings.Contains(output, "sslmode") {
			t.Errorf("instance %d wrote %s", i, output)
		}
	}
}
