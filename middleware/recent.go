package middleware

import "hash/maphash"

// recent remembers something about whoever came lately, for a bounded number of
// keys: two generations of at most size keys each. When the young one is full,
// the old one is forgotten; whoever keeps coming is carried over. It is not safe
// for concurrent use.
//
// Keys are hashed with a random seed: nobody outside can make two of them meet.
type recent[V any] struct {
	seed       maphash.Seed
	size       int
	young, old map[uint64]V
}

func newRecent[V any](size int) *recent[V] {
	return &recent[V]{seed: maphash.MakeSeed(), size: size, young: map[uint64]V{}}
}

// get finds what is remembered for the key.
func (r *recent[V]) get(key string) (V, bool) {
	k := maphash.String(r.seed, key)
	if v, ok := r.young[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

// put remembers v for the key.
func (r *recent[V]) put(key string, v V) {
	if len(r.young) >= r.size {
		r.old, r.young = r.young, map[uint64]V{}
	}
	r.young[maphash.String(r.seed, key)] = v
}

// forget removes the key.
func (r *recent[V]) forget(key string) {
	k := maphash.String(r.seed, key)
	delete(r.young, k)
	delete(r.old, k)
}
