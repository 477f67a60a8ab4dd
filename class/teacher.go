package class

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// teacherCookie holds the session of the teacher.
const (
	teacherCookie     = "teacher"
	teacherCookieLife = 12 * time.Hour
	// maxSecrets is how many codes and sessions of the teacher count, the newest ones.
	maxSecrets = 8
)

// NewTeacherCode makes a code for the teacher. The codes of some starts before count, too,
// because only their hashes are kept and nobody could show them again.
func (c *Class) NewTeacherCode() (code string, err error) {
	code = newTeacherCode()
	return code, c.roster.change(func(r *roster) error {
		r.Teacher = keepNewest(r.Teacher, hashOf(code))
		return nil
	})
}

func keepNewest(list []string, hash string) []string {
	list = append(slices.Clone(list), hash)
	return list[max(0, len(list)-maxSecrets):]
}

// mountTeacher registers what the teacher may do.
func (c *Class) mountTeacher(r *gin.Engine) {
	r.POST("/teach/login", sameOrigin, adapt(c.teacherLogin))
	only := r.Group("/teach", c.teacherOnly)
	only.POST("/logout", adapt(c.teacherLogout))
	httpjson.Get(only, "/state", adapt(c.teacherState))
	httpjson.Get(only, "/events", adapt(c.teacherEvents))
	httpjson.Get(only, "/tables/:number", adapt(c.teacherTable))
	only.POST("/message", adapt(c.setMessageForAll))
	only.POST("/pause", adapt(c.pauseAll))
	only.POST("/open", adapt(c.openPartsForAll))
	only.POST("/clock", adapt(c.advanceClocks))
	only.POST("/pace", adapt(c.setPace))
	only.POST("/reveal", adapt(c.revealGuesses))
	httpjson.Get(only, "/export.csv", adapt(c.exportCSV))
	only.POST("/undo", adapt(c.undo))
	for what, do := range map[string]func(*gin.Context, *table) error{
		"reset": c.resetTable, "restore": c.restoreTable, "code": c.newCodeOf, "close": c.closeTable, "open": c.openTable,
	} {
		only.POST("/tables/:number/"+what, adapt(func(gc *gin.Context) error {
			t, err := c.tableOf(gc)
			if err != nil {
				return err
			}
			return do(gc, t)
		}))
	}
}

// teacherOnly lets only the teacher pass: with the session of a browser, or with the code as
// a Bearer token. It refuses what a page of another origin sends.
func (c *Class) teacherOnly(gc *gin.Context) {
	if sameOrigin(gc); gc.IsAborted() {
		return
	}
	if err := c.teacherRefusal(gc); err != nil {
		adapt(func(*gin.Context) error { return err })(gc)
		gc.Abort()
	}
}

// teacherRefusal says why a request does not come from the teacher, or is nil.
func (c *Class) teacherRefusal(gc *gin.Context) error {
	nobody := problem.AuthenticationRequired.New("Only the teacher may do this. Log in at /teach with the code that the program printed when it started, or send it: Authorization: Bearer CODE.").See("/teach")
	if code, p := httpjson.Bearer(gc.Request.Header.Values("Authorization")); p == nil {
		right, err := c.knows(gc.Request, code)
		if err == nil && !right {
			err = nobody.RefusesToken("not the code of the teacher")
		}
		return err
	}
	cookie, err := gc.Cookie(teacherCookie)
	if from := gc.GetHeader("Sec-Fetch-Site"); err != nil || from == "cross-site" || from == "same-site" {
		return nobody // cookies ignore ports, so a page of another program sends it, too
	}
	c.roster.mu.Lock()
	defer c.roster.mu.Unlock()
	if !slices.Contains(c.roster.Sessions, hashOf(cookie)) {
		return nobody
	}
	return nil
}

// knows reports whether a code is one of the teacher. Wrong ones are limited, and who has used a
// right one goes on: learners behind the same address may guess.
func (c *Class) knows(r *http.Request, code string) (right bool, err error) {
	hash := hashOf(plainCode(code))
	c.roster.mu.Lock()
	right = slices.Contains(c.roster.Teacher, hash)
	c.roster.mu.Unlock()
	if right && c.teacherGuesses.wasRight(r, hash) {
		return true, nil
	}
	if err := c.teacherGuesses.check(r); err != nil {
		return false, err
	}
	if right {
		c.teacherGuesses.countRight(r, hash)
	} else {
		c.teacherGuesses.countWrong(r)
	}
	return right, nil
}

type teacherLoginRequest struct {
	Code string `json:"code"`
}

// teacherLogin opens a session of the teacher.
func (c *Class) teacherLogin(gc *gin.Context) error {
	var req teacherLoginRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	right, err := c.knows(gc.Request, strings.TrimPrefix(req.Code, "#"))
	if err != nil {
		return err
	}
	if !right {
		return problem.InvalidCredentials.New("That is not the code of the teacher. The program printed it when it started. Try again at /teach.").See("/teach")
	}
	session := rand.Text()
	err = c.roster.change(func(r *roster) error {
		r.Sessions = keepNewest(r.Sessions, hashOf(session))
		return nil
	})
	if err != nil {
		return err
	}
	setTeacherCookie(gc, session, int(teacherCookieLife.Seconds()))
	return httpjson.NoContent(gc)
}

// teacherLogout ends the session of this browser.
func (c *Class) teacherLogout(gc *gin.Context) error {
	session, _ := gc.Cookie(teacherCookie)
	err := c.roster.change(func(r *roster) error {
		r.Sessions = slices.DeleteFunc(slices.Clone(r.Sessions), func(hash string) bool { return hash == hashOf(session) })
		return nil
	})
	if err != nil {
		return err
	}
	setTeacherCookie(gc, "", -1)
	return httpjson.NoContent(gc)
}

func setTeacherCookie(gc *gin.Context, value string, maxAge int) {
	http.SetCookie(gc.Writer, &http.Cookie{ //nolint:gosec // a class speaks plain HTTP
		Name: teacherCookie, Value: value, Path: "/teach", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
