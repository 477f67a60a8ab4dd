//go:build unix

package app

import "syscall"

// closingSignal asks the program to close the house.
const closingSignal = syscall.SIGTERM
