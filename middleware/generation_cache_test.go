package middleware

import (
	"fmt"
	"testing"
)

func TestHashedCache_forgetsTheOldGeneration(t *testing.T) {
	r := newHashedCache[int](3)
	for i := range 3 {
		r.put(fmt.Sprint(i), i)
	}
	for i := range 3 {
		if v, ok := r.get(fmt.Sprint(i)); !ok || v != i {
			t.Errorf("%d is %d, %t", i, v, ok)
		}
	}
	r.put("3", 3) // the first three grow old
	if v, ok := r.get("0"); !ok || v != 0 {
		t.Errorf("an old one is %d, %t", v, ok)
	}
	r.put("4", 4) // 3, 0, 4 are young
	r.put("5", 5) // and grow old
	for key, want := range map[string]bool{"0": true, "1": false, "2": false, "3": true, "4": true, "5": true} {
		if _, ok := r.get(key); ok != want {
			t.Errorf("%s is remembered: %t", key, ok)
		}
	}
}

func TestHashedCache_keepsWhatIsUsed(t *testing.T) {
	r := newHashedCache[int](100)
	r.put("regular", 7)
	for i := range 10_000 {
		r.put(fmt.Sprint(i), i)
		if i%50 != 0 {
			continue
		}
		if v, ok := r.get("regular"); !ok || v != 7 {
			t.Fatalf("after %d others the regular is %d, %t", i, v, ok)
		}
	}
	if n := r.len(); n > 200 {
		t.Errorf("%d are remembered", n)
	}
	for i := range 10_000 { // who stays away is forgotten
		r.put(fmt.Sprint("x", i), i)
	}
	if _, ok := r.get("regular"); ok {
		t.Error("nothing is ever forgotten")
	}
}

func TestHashedCache_forget(t *testing.T) {
	r := newHashedCache[int](2)
	for i := range 4 { // two of them are old
		r.put(fmt.Sprint(i), i)
	}
	for _, key := range []string{"0", "3", "none"} {
		r.forget(key)
		if _, ok := r.get(key); ok {
			t.Errorf("%s is still remembered", key)
		}
	}
	if _, ok := r.get("1"); !ok {
		t.Error("another was forgotten, too")
	}
	r.put("1", 9)
	if v, _ := r.get("1"); v != 9 {
		t.Errorf("the new value is %d", v)
	}
}

func TestHashedCache_hasASecretSeed(t *testing.T) {
	a, b := newHashedCache[int](2), newHashedCache[int](2)
	a.put("alice", 1)
	b.put("alice", 1)
	for hash := range a.cache.young {
		if _, same := b.cache.young[hash]; same {
			t.Error("two of them hash alike")
		}
	}
}
