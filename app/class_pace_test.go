package app

import (
	"net/http"
	"testing"
)

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
