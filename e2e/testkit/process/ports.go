package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports that a program under test gets: below those that any system gives to a
// client's connection, one of which would take the port between two starts of the program,
// or between FreeAddr and its first one. A browser refuses none of them.
const firstPort, lastPort = 11000, 19999

// nextPort is where the search goes on. It starts anywhere, because several test programs
// run at once, and no port is given out twice before all others were.
var nextPort = struct {
	sync.Mutex
	port int
}{port: firstPort + rand.IntN(lastPort-firstPort)} //nolint:gosec // no secret

// FreeAddr returns a port of localhost that no process listens on, neither at 127.0.0.1
// nor at [::1].
func FreeAddr() (string, error) {
	port, err := FreePorts(1)
	return "localhost:" + strconv.Itoa(port), err
}

// FreePorts returns the first of n ports in a row, each as FreeAddr returns one.
func FreePorts(n int) (int, error) {
	nextPort.Lock()
	defer nextPort.Unlock()
	for range lastPort - firstPort {
		if nextPort.port+n > lastPort+1 {
			nextPort.port = firstPort
		}
		first := nextPort.port
		nextPort.port++
		if allFree(first, n) {
			nextPort.port = first + n
			return first, nil
		}
	}
	return 0, errors.New("too few free ports")
}

// allFree listens at all addresses, because all together have a port only if each has it.
func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port)) //nolint:gosec // it is closed at once
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}
