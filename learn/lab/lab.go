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
	Options

	key     func() (*rsa.PrivateKey, error) // which no server trusts
	weather weather
	routes  func() gin.RoutesInfo // of the whole server
}

// Options are what the lab needs of the server. All of it is handed in as functions: the
// lab reaches neither its keys nor its database.
type Options struct {
	Clock Clock
}

// New returns a lab. Its key is generated when it is needed first, and never stored.
func New(o Options) *Lab {
	return &Lab{Options: o, key: sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })}
}

// Mount registers the routes. r must be the server's engine, which knows all of them. The
// guard sameOrigin refuses what a page of another origin sends.
func (l *Lab) Mount(r gin.IRouter, _, sameOrigin gin.HandlerFunc) {
	l.routes = r.(*gin.Engine).Routes
	adapt := httpjson.Adapter(func(err error) *problem.Problem { return problem.InternalError.New("").Because(err) })
	lab := r.Group("/lab", warn)
	lab.POST("/forge", adapt(l.forge))
	httpjson.Get(lab, "/clock", adapt(l.showClock))
	lab.POST("/clock", sameOrigin, adapt(l.advanceClock))
	httpjson.Get(lab, "/weather", adapt(l.showWeather))
	lab.POST("/weather", sameOrigin, adapt(l.addFault))
	lab.DELETE("/weather", sameOrigin, adapt(l.clearWeather))
}

func warn(c *gin.Context) { c.Header("Lab", "deliberately-unsafe") }
