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
	first, err := FreePorts(1)
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
			nextPort.port = first
			if next, err := FreePorts(2); err != nil || next == first {
				t.Errorf("while port %d is held: %d, %v", first, next, err)
			}
		})
	}
	nextPort.port = first
	if again, err := FreePorts(1); err != nil || again != first {
		t.Errorf("with both free: %d, %v, want %d", again, err, first)
	}
}
