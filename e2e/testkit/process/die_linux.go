package process

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the system kill the process when this one is killed and can no
// longer stop it.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
