//go:build unix

package process

import "syscall"

// stopSignal asks the program to shut down.
const stopSignal = syscall.SIGTERM
