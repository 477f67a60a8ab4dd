package middleware

import "hash/maphash"

// recent remembers something about whoever came lately, for a bounded number of
// keys: two generations of at most size keys each. When the young one is full,
// the old one is forgotten; whoever keeps coming is carried over. It is not safe
// for concurrent use.
type recent[K comparable, V any] struct {
	size       int
	young, old map[K]V
}

func newRecent[K comparable, V any](size int) *recent[K, V] {
	return &recent[K, V]{size: size, young: map[K]V{}}
}

// get finds what is remembered for the key.
func (r *recent[K, V]) get(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

// put remembers v for the key.
func (r *recent[K, V]) put(key K, v V) {
	if len(r.young) >= r.size {
		r.old, r.young = r.young, map[K]V{}
	}
	r.young[key] = v
}

// forget removes the key.
func (r *recent[K, V]) forget(key K) {
	delete(r.young, key)
	delete(r.old, key)
}

// recentNames is recent for keys that strangers choose. It keeps 8 bytes of
// each, a hash with a random seed: nobody outside can make two of them meet.
type recentNames[V any] struct {
	seed   maphash.Seed
	recent *recent[uint64, V]
}

func newRecentNames[V any](size int) *recentNames[V] {
	return &recentNames[V]{maphash.MakeSeed(), newRecent[uint64, V](size)}
}

func (r *recentNames[V]) get(name string) (V, bool) { return r.recent.get(r.hash(name)) }
func (r *recentNames[V]) put(name string, v V)      { r.recent.put(r.hash(name), v) }
func (r *recentNames[V]) forget(name string)        { r.recent.forget(r.hash(name)) }
func (r *recentNames[V]) hash(name string) uint64   { return maphash.String(r.seed, name) }
