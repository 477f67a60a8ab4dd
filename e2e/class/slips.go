package main

import (
	"context"
	"net/http"
	"time"
)

// A slip is made before a step, at most once in each lesson. Then the step is done as the
// lesson says.

// nothing goes wrong.
func nothing(context.Context, *learner, step) bool { return false }

// wrongPassword types the password wrong.
func wrongPassword(ctx context.Context, l *learner, s step) bool {
	return s.isLogin() && l.repeat(ctx, s, s.Request.with("password", "pizza"), "types a wrong password", 2)
}

// forgottenHeader sends the request without the file that the token is in, more than once, and
// then takes a hint.
func forgottenHeader(ctx context.Context, l *learner, s step) bool {
	r := s.Request
	r.As, r.SaveAs = "", ""
	if !s.showsToken() || !l.repeat(ctx, s, r, "forgets the header", 3) {
		return false
	}
	l.hint(ctx)
	return true
}

// sameAgain believes that a refusal goes away if the same request is sent again.
func sameAgain(ctx context.Context, l *learner, s step) bool {
	if len(s.Expect.Status) != 1 || s.Expect.Status[0] != http.StatusForbidden || !l.repeat(ctx, s, s.Request, "tries again what is not allowed", 4) {
		return false
	}
	l.hint(ctx)
	return true
}

// oldToken has a token that expires before it is used.
func oldToken(ctx context.Context, l *learner, s step) bool {
	login, known := l.sources[s.Request.As]
	if !known || !login.isLogin() || !s.showsToken() {
		return false
	}
	login = login.with("expires_in", "5")
	login.SaveAs = "old.txt"
	if _, err := l.send(ctx, login, 1); err != nil || wait(ctx, 6*time.Second) != nil {
		return false
	}
	r := s.Request
	r.As, r.SaveAs = login.SaveAs, ""
	return l.repeat(ctx, s, r, "uses a token that has expired", 2)
}

// repeat sends a request that is wrong, some times, unless it is taken. It reports whether it
// was refused.
func (l *learner) repeat(ctx context.Context, s step, r request, what string, times int) bool {
	for range times {
		a, err := l.send(ctx, r, 1)
		if err != nil || a.Status < http.StatusBadRequest {
			return false
		}
		l.catchUp = false
		l.say(ctx, "%s (%s): %d %s", what, s.ID, a.Status, problemOf(a))
		l.think(ctx, 15*time.Second)
	}
	return true
}
