// Command pocketbase is PocketBase with a collection of orders: the neighbour that
// `make load` measures in the same rounds as the program. It is a module of its own,
// so that nothing else depends on PocketBase.
//
//	pocketbase ADDR DIR SYNCHRONOUS
//
// It listens at ADDR and keeps its files in DIR. SYNCHRONOUS is SQLite's pragma for the
// database of orders: PocketBase itself takes NORMAL, with which a power cut may take
// the last orders away; with FULL they are as durable as those of the program.
package main

import (
	"errors"
	"log"
	"os"
	"path/filepath"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // the tables of PocketBase itself
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("pocketbase: ", err)
	}
}

func run(args []string) error {
	if len(args) != 3 || args[2] != "NORMAL" && args[2] != "FULL" {
		return errors.New("it takes an address, a folder, and NORMAL or FULL")
	}
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: args[1], DBConnect: connectWith(args[2])})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.InstallerFunc = nil // it would open a browser
		e.Router.GET("/readyz", func(e *core.RequestEvent) error { return e.NoContent(200) })
		return errors.Join(addOrders(e.App), e.Next())
	})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	return apis.Serve(app, apis.ServeConfig{HttpAddr: args[0]})
}

// connectWith opens databases as PocketBase does. Only that of its own log stays as it is.
func connectWith(synchronous string) core.DBConnectFunc {
	return func(path string) (*dbx.DB, error) {
		if filepath.Base(path) != "data.db" {
			return core.DefaultDBConnect(path)
		}
		return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
			"&_pragma=synchronous("+synchronous+")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
	}
}

// addOrders creates the collection: users create and read their own orders, the newest
// first, by an index.
func addOrders(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	orders := core.NewBaseCollection("orders")
	own := types.Pointer("user = @request.auth.id")
	orders.ListRule, orders.ViewRule, orders.CreateRule = own, own, own
	orders.Fields.Add(
		&core.RelationField{Name: "user", CollectionId: users.Id, Required: true, MaxSelect: 1},
		&core.JSONField{Name: "items", Required: true},
		&core.TextField{Name: "status", Required: true},
		&core.NumberField{Name: "total_cents", OnlyInt: true},
		&core.TextField{Name: "table"},
		&core.AutodateField{Name: "placed_at", OnCreate: true},
		&core.AutodateField{Name: "updated_at", OnCreate: true, OnUpdate: true},
	)
	orders.AddIndex("orders_of_user", false, "user, placed_at", "")
	return app.Save(orders)
}
