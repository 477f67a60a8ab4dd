package server

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// TestBind_withoutIPv6 listens in a network without [::1].
func TestBind_withoutIPv6(t *testing.T) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the test, and the network with it
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Skipf("this system permits no network of our own: %v", err)
	}
	raiseLoopback(t)
	if got := bindTo(t, "localhost:0"); len(got) != 2 {
		t.Fatalf("with [::1] got %v", got)
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/lo/disable_ipv6", []byte("1"), 0); err != nil {
		t.Skipf("[::1] cannot be taken away: %v", err)
	}
	got := bindTo(t, "localhost:0")
	if len(got) != 1 || !got[0].Addr().(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 1)) {
		t.Errorf("got %v", got)
	}
	if again, err := Bind(t.Context(), "localhost:"+port(got[0])); err == nil {
		t.Errorf("a used port is taken again: %v", again)
	}
}

// raiseLoopback gives a new network its loopback addresses.
func raiseLoopback(t *testing.T) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(socket)
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Fatal(errno)
	}
}
