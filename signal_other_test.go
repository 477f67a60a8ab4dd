//go:build !unix

package main

import "os"

// closingSignal asks the program to close the house.
var closingSignal = os.Interrupt
