package middleware

import (
	ginjwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"

	"restaurant/problem"
	"restaurant/tokens"
	"restaurant/tokens/verify"
)

// tokenParam is the path parameter in which gin-jwt finds the token; no route has
// one of this name. In the header gin-jwt would accept one spelling of Bearer only.
const tokenParam = "access_token"

// newGuard makes gin-jwt's middleware, which verifies signature and expiry. What it
// must not decide by itself comes from tokens: the algorithm, the key, the claims and
// the reason of a refusal.
func (a *Authenticator) newGuard() (gin.HandlerFunc, error) {
	guard, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		TokenLookup:     "param:" + tokenParam,
		KeyFunc:         a.authority.KeyFunc,
		ParseOptions:    verify.ParserOptions(),
		TimeFunc:        a.authority.Now, // never goes back
		IdentityKey:     principalKey,
		IdentityHandler: a.identify,
		Authorizator: func(identity any, c *gin.Context) bool {
			return identity != nil && a.admit(c, identity.(tokens.Principal))
		},
		Unauthorized: a.refuse,
	})
	if err != nil {
		return nil, err
	}
	return guard.MiddlewareFunc(), nil
}

// identify makes a principal of a token that gin-jwt has verified, or nil if its
// claims are not accepted.
func (a *Authenticator) identify(c *gin.Context) any {
	raw := c.Param(tokenParam)
	p, err := a.authority.Principal(raw)
	if err != nil {
		return nil
	}
	a.cache.accept(raw, p)
	return p
}

// refuse writes every 401 about a token. gin-jwt's reasons and texts are not for
// clients, so Verify is asked for the reason.
func (a *Authenticator) refuse(c *gin.Context, _ int, _ string) {
	if c.Writer.Written() {
		return // admit has refused for another reason
	}
	_, err := a.authority.Verify(c.Param(tokenParam))
	if err == nil {
		err = tokens.ErrKeyUnknown // another instance has published the key in this moment
	}
	stopAuthTimer(c)
	problem.Write(c, KindOf(err).New(detailOf(err)))
}
