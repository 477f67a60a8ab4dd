// Package lab is the back yard: toys that are unsafe on purpose, so that one can
// see why the house is built as it is. It has keys of its own and knows neither
// the order book nor the keys of the house, so that nothing made here opens a
// door there; a test on its imports holds it to that. RESTAURANT_LAB switches it off.
package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// Lab handles the routes of the lab.
type Lab struct {
	key func() (*rsa.PrivateKey, error) // which no server trusts
}

// New returns a lab. Its key is generated when it is needed first, and never stored.
func New() *Lab {
	return &Lab{sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })}
}

// Mount registers the routes.
func (l *Lab) Mount(r gin.IRouter, _ gin.HandlerFunc) {
	adapt := httpjson.Adapter(func(err error) *problem.Problem { return problem.InternalError.New("").Because(err) })
	r.Group("/lab", warn).POST("/forge", adapt(l.forge))
}

func warn(c *gin.Context) { c.Header("Lab", "deliberately-unsafe") }
