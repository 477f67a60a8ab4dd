//go:build !nomsgpack

package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/gin-gonic/gin/render"
	"gorm.io/gorm/schema"
)

// TestStubs_sayWhatToDo uses what Gin has for formats that nothing here speaks, beside one that
// is spoken.
func TestStubs_sayWhatToDo(t *testing.T) {
	if _, err := os.Stat("stubs"); err != nil {
		t.Skip("the module has an address of its own, and so it replaces no other (deploy/module-path.sh)")
	}
	var into struct{ Name string }
	write := func(r render.Render) error { return r.Render(httptest.NewRecorder()) }
	read := func(b binding.BindingBody) error { return b.BindBody([]byte(`{"Name": "Margherita"}`), &into) }
	if err := write(render.JSON{Data: into}); err != nil {
		t.Error(err)
	}
	if err := read(binding.JSON); err != nil || into.Name != "Margherita" {
		t.Errorf("%+v (%v)", into, err)
	}
	for what, err := range map[string]error{
		"write MessagePack": write(render.MsgPack{Data: into}), "read MessagePack": read(binding.MsgPack),
		"write BSON": write(render.BSON{Data: into}), "read BSON": read(binding.BSON),
		"write YAML": write(render.YAML{Data: into}), "read YAML": read(binding.YAML),
		"write TOML": write(render.TOML{Data: into}), "read TOML": read(binding.TOML),
		"speak HTTP/3": gin.New().RunQUIC("127.0.0.1:0", "", ""),
	} {
		if err == nil || !strings.Contains(err.Error(), "in this program: delete the line of ") || !strings.Contains(err.Error(), "under replace in go.mod") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestStubs_namesOfTables: they are those of the real package, so that the same program without
// the stub finds its tables.
func TestStubs_namesOfTables(t *testing.T) {
	for model, want := range map[string]string{
		"User": "users", "MenuItem": "menu_items", "Order": "orders", "LoginSession": "login_sessions", "RefreshToken": "refresh_tokens",
		"SigningKey": "signing_keys", "LoginFailure": "login_failures", "Dish": "dishes", "Delivery": "deliveries", "Box": "boxes", "Bus": "buses", "": "",
	} {
		if got := (schema.NamingStrategy{}).TableName(model); got != want {
			t.Errorf("the table of %s is %q, want %q", model, got, want)
		}
	}
}
