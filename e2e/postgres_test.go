package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

// TestPostgres_goesBackUnderAServer puts the position of the database back while a server is
// running, as a restored server does whose operator has not stopped all instances. The server
// says so, and its next start trusts nothing from the time that is gone.
func TestPostgres_goesBackUnderAServer(t *testing.T) {
	usePostgres(t)
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://localhost:8080") // or tokens would hold at one address only
	dir := t.TempDir()
	const says = "gone back to an earlier state"
	write := func(server *testkit.Process, until func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !until(); time.Sleep(10 * time.Millisecond) { // polled; it looks once a second
			if server.Login("alice"); time.Now().After(deadline) {
				t.Fatalf("not within 20 s; the server wrote %s", server.Output)
			}
		}
	}
	noted := func(server *testkit.Process) {
		t.Helper()
		before := memoryOf(t, dir)
		write(server, func() bool { return memoryOf(t, dir) != before })
	}

	server := testkit.Start(t, dir)
	noted(server)
	noted(server)
	session := login(t, server, "alice", "alice-likes-pizza")
	server.Stop()
	server = testkit.Start(t, dir)
	noted(server)
	noted(server)
	wantMe(t, server, session.AccessToken, 200) // the control: it went on
	if strings.Contains(server.Output.String(), says) {
		t.Errorf("the server wrote %s", server.Output)
	}

	execute(t, os.Getenv("RESTAURANT_DATABASE_URL"), "UPDATE database_identity SET generation = generation - 2")
	write(server, func() bool { return strings.Contains(server.Output.String(), says) })
	execute(t, os.Getenv("RESTAURANT_DATABASE_URL"), "UPDATE database_identity SET generation = generation + 100") // others have gone on
	server.Stop()
	again := testkit.Start(t, dir)
	again.AwaitOutput("all users must log in again")
	wantMe(t, again, session.AccessToken, 401)
}

func execute(t *testing.T, url, stmt string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), stmt)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}
