//go:build !linux

package main

import "os/exec"

// dieWithParent can do nothing here: only Linux ends a process together with
// the one that started it.
func dieWithParent(*exec.Cmd) {}
