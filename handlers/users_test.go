package handlers

import (
	"slices"
	"sync"
	"testing"
)

const usersPath = "/api/v1/users"

func TestUsers_list(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	page := decode[usersResponse](t, srv.get(t, usersPath+"?limit=3", marco).wants(t, 200, ""))
	rest := decode[usersResponse](t, srv.get(t, usersPath+"?cursor="+*page.NextCursor, marco).wants(t, 200, ""))
	var names []string
	for _, u := range append(page.Items, rest.Items...) {
		names = append(names, u.Username)
	}
	if !slices.Equal(names, []string{"alice", "bob", "vera", "carla", "marco"}) || rest.NextCursor != nil {
		t.Errorf("the users are %v", names)
	}

	u := decode[userResponse](t, srv.do(t, "PATCH", usersPath+"/2", `{"role":"chef","vip":true,"name":"Roberto"}`, marco).wants(t, 200, ""))
	if u.Role != "chef" || !u.VIP || u.Name != "Roberto" || u.Username != "bob" {
		t.Errorf("bob became %+v", u)
	}
	me := decode[meResponse](t, srv.get(t, mePath, srv.as(t, "bob")).wants(t, 200, ""))
	if me.Role != "chef" || !me.VIP || me.Name != "Roberto" {
		t.Errorf("bob's next access token says %+v", me)
	}
	u = decode[userResponse](t, srv.do(t, "PATCH", usersPath+"/2", `{"vip":false}`, marco).wants(t, 200, ""))
	if u.Role != "chef" || u.VIP || u.Name != "Roberto" {
		t.Errorf("bob became %+v", u)
	}

	for _, tc := range []struct {
		name, id, body string
		status         int
		slug, field    string
	}{
		{"nothing", "2", `{}`, 422, "validation-failed", "body"},
		{"only null", "2", `{"role":null}`, 422, "validation-failed", "body"},
		{"an unknown role", "2", `{"role":"owner"}`, 422, "validation-failed", "role"},
		{"vip in words", "2", `{"vip":"yes"}`, 422, "validation-failed", "vip"},
		{"no name", "2", `{"name":""}`, 422, "validation-failed", "name"},
		{"a password", "2", `{"password":"x"}`, 400, "unknown-field", ""},
		{"a hash", "2", `{"password_hash":"x"}`, 400, "unknown-field", ""},
		{"nobody", "99", `{"vip":true}`, 404, "not-found", ""},
		{"the last manager", "5", `{"role":"guest"}`, 409, "last-manager", ""},
		{"the last manager stays one", "5", `{"role":"manager","vip":true}`, 200, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := srv.do(t, "PATCH", usersPath+"/"+tc.id, tc.body, marco).wants(t, tc.status, tc.slug)
			if tc.field != "" && !slices.Equal(res.fields(t), []string{tc.field}) {
				t.Errorf("finds fault with %v", res.fields(t))
			}
		})
	}
}

func TestUsers_oneManagerStays(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	srv.do(t, "PATCH", usersPath+"/4", `{"role":"manager"}`, marco).wants(t, 200, "")
	var codes [2]int
	var office sync.WaitGroup
	for i, id := range []string{"4", "5"} {
		office.Go(func() { codes[i] = srv.do(t, "PATCH", usersPath+"/"+id, `{"role":"guest"}`, marco).Code })
	}
	office.Wait()
	slices.Sort(codes[:])
	if codes != [2]int{200, 409} {
		t.Errorf("the answers are %v", codes)
	}
}
