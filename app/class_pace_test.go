package app

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/class"
)

// TestPace_isKeptAsItIsApplied: of changes at the same moment none is lost, and what the next App
// begins with is what this one has.
func TestPace_isKeptAsItIsApplied(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	h := &holder{}
	h.now.Store(&opened{App: buildDemo(t)})
	table := &tableRestaurant{holder: h}
	for n := range 2000 {
		lifetime := time.Minute + time.Duration(n%2)*time.Second
		start, set := make(chan struct{}), []class.Pace{{TokenTTL: lifetime}}
		for seconds := range 8 {
			set = append(set, class.Pace{KitchenPace: time.Duration(seconds+1) * time.Second})
		}
		var calls sync.WaitGroup
		for _, p := range set {
			calls.Go(func() {
				<-start
				table.SetPace(p)
			})
		}
		close(start)
		calls.Wait()
		if has := h.now.Load().api.Kitchen.Mode().Pace; h.pace.KitchenPace != has || h.pace.TokenTTL != lifetime {
			t.Fatalf("kept is %+v, and the App has %v, and tokens of %v", h.pace, has, lifetime)
		}
	}
}

// TestClass_paceLeavesTheChefAlone: whoever has the kitchen cook by hand keeps it so when the teacher changes
// something else, for all or for this table. What the teacher chooses for the kitchen counts.
func TestClass_paceLeavesTheChefAlone(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	carla := c.logIn(t, table, "carla")
	mode := func() any {
		return member(t, c.send(t, http.MethodGet, table+"/api/v1/kitchen/mode", "", carla), "mode")
	}
	cooksByHand := func() {
		t.Helper()
		if res := c.send(t, http.MethodPut, table+"/api/v1/kitchen/mode", `{"mode":"manual"}`, carla); res.status != http.StatusOK {
			t.Fatalf("%d %s", res.status, res.body)
		}
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace", `{"kitchen":"normal"}`)
	cooksByHand()
	for path, body := range map[string]string{"/teach/clock": `{"advance":"1m"}`, "/teach/pace": `{"access_token_ttl":"5m"}`, "/teach/pace?table=01": `{"access_token_ttl":"1m"}`} {
		c.asTeacher(t, http.StatusOK, http.MethodPost, path, body)
		if mode() != "manual" {
			t.Errorf("after %s %s the kitchen is %v", path, body, mode())
		}
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace", `{"kitchen":"normal"}`)
	if mode() != "auto" {
		t.Errorf("after the teacher has chosen again, the kitchen is %v", mode())
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace?table=01", `{"kitchen":"slow"}`)
	cooksByHand()
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace", `{"kitchen":"fast"}`)
	if mode() != "manual" { // for this table something else is set
		t.Errorf("after a pace for all, the kitchen is %v", mode())
	}
}
