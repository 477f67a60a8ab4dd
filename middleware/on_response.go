package middleware

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// OnResponse calls hooks, in this order, when the response to a request is decided
// and before its header goes out, so that they can still add to it. A nil hook is
// skipped.
func OnResponse(hooks ...func(*gin.Context)) gin.HandlerFunc {
	hooks = slices.DeleteFunc(hooks, func(hook func(*gin.Context)) bool { return hook == nil })
	return func(c *gin.Context) {
		w := &hookedWriter{ResponseWriter: c.Writer, c: c, hooks: hooks}
		c.Writer = w
		c.Next()
		w.runHooks() // a response without a body writes nothing
	}
}

type hookedWriter struct {
	gin.ResponseWriter
	c     *gin.Context
	hooks []func(*gin.Context)
	done  bool
}

func (w *hookedWriter) runHooks() {
	if w.done || w.Written() {
		return
	}
	w.done = true
	for _, hook := range w.hooks {
		hook(w.c)
	}
}

func (w *hookedWriter) Write(b []byte) (int, error) {
	w.runHooks()
	return w.ResponseWriter.Write(b)
}

func (w *hookedWriter) WriteString(s string) (int, error) {
	w.runHooks()
	return w.ResponseWriter.WriteString(s)
}

// WriteLater writes bytes that nobody changes once the handler has returned, if the server can.
func (w *hookedWriter) WriteLater(b []byte) {
	w.WriteHeaderNow()
	if base, ok := w.ResponseWriter.(interface{ Unwrap() http.ResponseWriter }); ok {
		if server, ok := base.Unwrap().(interface{ WriteLater([]byte) }); ok {
			server.WriteLater(b)
			return
		}
	}
	_, _ = w.ResponseWriter.Write(b) // a client that has gone is no failure
}

func (w *hookedWriter) WriteHeaderNow() {
	w.runHooks()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *hookedWriter) Flush() {
	w.runHooks()
	w.ResponseWriter.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *hookedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
