package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// limitFiles forbids a running class to let any file grow beyond a size.
func (c classroom) limitFiles(t *testing.T, size uint64) {
	t.Helper()
	limits := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(c.Cmd.Process.Pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limits)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
}

// TestClass_fullDiskLosesNothing: while no file may grow, what would write is refused with a
// sentence, and what only reads goes on. When there is room again, everything is as it was.
func TestClass_fullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startClass(t, dir, 3)
	awaitOpen(t, dir, 3)
	one, two := c.join(t), c.join(t)
	alice := one.Login("alice")
	at := one.order(t, alice)
	one.Do("GET", at[len(one.path()):]+"/events", alice, "") // until it is served
	one.Call("POST", "/learn/lessons/L01/answers", "", `{"question":"predict","choice":1}`, nil)
	one.Call("GET", "/learn/facts", "", "", nil)

	c.limitFiles(t, 0)
	refused := func(status int, body []byte) {
		t.Helper()
		if text := string(body); status != 503 || !strings.Contains(text, `"detail":"`) || strings.Contains(text, dir) || strings.Contains(text, "internal-error") {
			t.Errorf("on a full disk: %d %s", status, text)
		}
	}
	for range 3 {
		a := one.Do("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`)
		refused(a.Status, a.Body)
	}
	join := c.Do("POST", "/class/join", "", `{"name":"Ann"}`)
	refused(join.Status, join.Body)
	login := c.Do("POST", "/teach/login", "", `{"code":"`+c.teacher+`"}`)
	refused(login.Status, login.Body)
	for _, path := range []string{"/api/v1/menu", "/api/v1/auth/me", at[len(one.path()):], "/learn/lessons/L01", "/"} {
		if status := one.Do("GET", path, alice, "").Status; status != 200 {
			t.Errorf("%s answers %d on a full disk", path, status)
		}
	}
	if status := two.Do("GET", "/api/v1/menu", "", "").Status; status != 200 {
		t.Errorf("the other table answers %d", status)
	}

	c.limitFiles(t, ^uint64(0))
	if next := one.order(t, alice); next == at {
		t.Errorf("the next order is %s again", next)
	}
	if n := one.orders(t); n != 2 {
		t.Errorf("there are %d orders", n)
	}
	if s := c.join(t); s.Table != "03" {
		t.Errorf("who was refused has taken a table: the next one is %s", s.Table)
	}
	if l := getLesson(t, one.Process, "L01"); l.State != "started" {
		t.Errorf("the lesson is %s", l.State)
	}
	if status := c.Call("POST", "/teach/login", "", fmt.Sprintf(`{"code":%q}`, c.teacher), nil); status != 204 && status != 0 {
		t.Errorf("the teacher's login is answered %d", status)
	}
}
