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

// blockSize is how many ports a test program takes for itself at a time. Several run at
// once, and a port that one has found free is free for all until a program listens there.
const blockSize = 100

// blocks are the ports of one test program. None is given out twice before all others were.
type blocks struct {
	first, last int // of all test programs

	mu        sync.Mutex
	own       []block // the last one is in use
	next, end int     // what is left of it
}

// block is ours while we listen at its first port, which is given to nobody.
type block struct {
	port int
	held net.Listener
}

var ports = blocks{first: firstPort, last: lastPort}

// FreeAddr returns a port of localhost that no process listens on, neither at 127.0.0.1
// nor at [::1]. No other test program gets it while this one runs.
func FreeAddr() (string, error) {
	port, err := FreePorts(1)
	return "localhost:" + strconv.Itoa(port), err
}

// FreePorts returns the first of n ports in a row, each as FreeAddr returns one.
func FreePorts(n int) (int, error) { return ports.free(n) }

func (b *blocks) free(n int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for turns := 0; n < blockSize && turns <= 2*len(b.own); turns++ { // each of our own, and then each again
		for ; b.next+n <= b.end; b.next++ {
			if allFree(b.next, n) {
				b.next += n
				return b.next - n, nil
			}
		}
		b.turn()
	}
	return 0, errors.New("too few free ports")
}

// turn goes on with a block that no test program has, or else with our oldest one.
func (b *blocks) turn() {
	all := (b.last + 1 - b.first) / blockSize
	start := rand.IntN(all) //nolint:gosec // no secret
	for i := range all {
		port := b.first + (start+i)%all*blockSize
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			b.own = append(b.own, block{port, l})
			b.use(port)
			return
		}
	}
	if len(b.own) > 0 {
		b.own = append(b.own[1:], b.own[0])
		b.use(b.own[len(b.own)-1].port)
	}
}

func (b *blocks) use(port int) { b.next, b.end = port+1, port+blockSize }

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
