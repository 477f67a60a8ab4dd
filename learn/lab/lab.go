// Package lab is the back yard: toys that are unsafe on purpose, so that one can
// see why the house is built as it is. It has keys of its own and knows neither
// the order book nor the keys of the house, so that nothing made here opens a
// door there; a test on its imports holds it to that. LAB switches it off.
package lab

import (
	"github.com/gin-gonic/gin"
)

// Warning is the header that every answer of the lab carries.
const (
	Warning      = "Lab"
	WarningValue = "deliberately-unsafe"
)

// Lab is the room with its toys.
type Lab struct{ signer signer }

// New opens a lab. Its key is made when it is needed first, and forgotten when
// the house closes.
func New() *Lab { return &Lab{signer: newPress()} }

// Mount adds the addresses of the lab.
func (l *Lab) Mount(r gin.IRouter, _ gin.HandlerFunc) {
	yard := r.Group("/lab", warn)
	yard.POST("/forge", l.forge)
}

func warn(c *gin.Context) { c.Header(Warning, WarningValue) }
