package process

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
)

// TestFreePorts_areOfNoConnection: a connection that some client opens at the wrong moment
// never has the port of a program that is about to start.
func TestFreePorts_areOfNoConnection(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Fatal(err)
	}
	var lowest, highest int
	if _, err := fmt.Sscan(string(text), &lowest, &highest); err != nil {
		t.Fatal(err)
	}
	given := map[int]bool{}
	for range 50 {
		first, err := FreePorts(4)
		if err != nil {
			t.Fatal(err)
		}
		for port := first; port < first+4; port++ {
			if given[port] || port >= lowest && port <= highest {
				t.Fatalf("port %d; given before: %v; connections have %d to %d", port, given[port], lowest, highest)
			}
			given[port] = true
		}
	}
}

func TestFreePorts_areFree(t *testing.T) {
	b := newBlocks(t, firstPort, lastPort)
	first, err := b.free(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(first)))
			if err != nil {
				t.Skip("this machine has no such loopback address: ", err)
			}
			defer l.Close()
			b.next = first
			if next, err := b.free(2); err != nil || next == first {
				t.Errorf("while port %d is held: %d, %v", first, next, err)
			}
		})
	}
	b.next = first
	if again, err := b.free(1); err != nil || again != first {
		t.Errorf("with both free: %d, %v, want %d", again, err, first)
	}
}

// newBlocks are those of another test program, as far as ports know.
func newBlocks(t *testing.T, first, last int) *blocks {
	b := &blocks{first: first, last: last}
	t.Cleanup(func() {
		for _, own := range b.own {
			own.held.Close()
		}
	})
	return b
}

// TestFreePorts_areOfOneTestProgram: none is given out by two, also if nothing listens there yet.
func TestFreePorts_areOfOneTestProgram(t *testing.T) {
	given := map[int]int{}
	programs := []*blocks{newBlocks(t, firstPort, lastPort), newBlocks(t, firstPort, lastPort)}
	for range 100 {
		for program, b := range programs {
			first, err := b.free(3)
			if err != nil {
				t.Fatal(err)
			}
			for port := first; port < first+3; port++ {
				if by, again := given[port]; again {
					t.Fatalf("port %d was given out by %d, and is by %d", port, by, program)
				}
				given[port] = program
			}
		}
	}
}

// TestFreePorts_beginAgain: once all were given out, the first ones are free again. The ports of
// this test are below those of all others.
func TestFreePorts_beginAgain(t *testing.T) {
	b, given := newBlocks(t, firstPort-2*blockSize, firstPort-1), map[int]bool{}
	for range 5 * blockSize {
		port, err := b.free(1)
		if err != nil {
			t.Fatal(err)
		}
		if port%blockSize == 0 {
			t.Fatalf("port %d holds its block", port)
		}
		given[port] = true
	}
	if len(given) < blockSize-10 { // a program may listen in there
		t.Errorf("%d ports were given out", len(given))
	}
	if port, err := b.free(blockSize); err == nil {
		t.Errorf("more than a block has begin at %d", port)
	}
}
