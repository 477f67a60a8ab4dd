//go:build !unix

package app

import "os"

// closingSignal asks the program to close the house.
var closingSignal = os.Interrupt
