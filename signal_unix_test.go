//go:build unix

package main

import "syscall"

// closingSignal asks the program to close the house.
const closingSignal = syscall.SIGTERM
