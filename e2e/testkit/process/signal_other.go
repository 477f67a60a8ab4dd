//go:build !unix

package process

import "os"

// stopSignal asks the program to shut down.
var stopSignal = os.Interrupt
