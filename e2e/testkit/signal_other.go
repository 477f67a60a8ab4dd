//go:build !unix

package testkit

import "os"

// stopSignal asks the program to shut down.
var stopSignal = os.Interrupt
