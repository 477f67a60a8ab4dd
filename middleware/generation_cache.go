package middleware

import "hash/maphash"

// generationCache keeps a value for recently used keys, in two generations of at most
// size keys each. When the young one is full, the old one is dropped; a key that is used
// moves to the young one. It is not safe for concurrent use.
type generationCache[K comparable, V any] struct {
	size       int
	young, old map[K]V
}

func newGenerationCache[K comparable, V any](size int) *generationCache[K, V] {
	return &generationCache[K, V]{size: size, young: map[K]V{}}
}

func (r *generationCache[K, V]) get(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

func (r *generationCache[K, V]) put(key K, v V) {
	if len(r.young) >= r.size {
		r.old, r.young = r.young, map[K]V{}
	}
	r.young[key] = v
}

func (r *generationCache[K, V]) forget(key K) {
	delete(r.young, key)
	delete(r.old, key)
}

// hashedCache is a generationCache for keys that clients choose. It keeps a hash of 8
// bytes of each, with a random seed, so that no client can make two of them collide.
type hashedCache[V any] struct {
	seed  maphash.Seed
	cache *generationCache[uint64, V]
}

func newHashedCache[V any](size int) *hashedCache[V] {
	return &hashedCache[V]{maphash.MakeSeed(), newGenerationCache[uint64, V](size)}
}

func (r *hashedCache[V]) get(name string) (V, bool) { return r.cache.get(r.hash(name)) }
func (r *hashedCache[V]) put(name string, v V)      { r.cache.put(r.hash(name), v) }
func (r *hashedCache[V]) forget(name string)        { r.cache.forget(r.hash(name)) }
func (r *hashedCache[V]) hash(name string) uint64   { return maphash.String(r.seed, name) }
