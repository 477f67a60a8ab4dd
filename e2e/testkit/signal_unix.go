//go:build unix

package testkit

import "syscall"

// stopSignal asks the program to shut down.
const stopSignal = syscall.SIGTERM
