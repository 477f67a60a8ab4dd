package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"restaurant/basepath"
	"restaurant/class"
)

// classRefusal says why a class cannot be started with these settings.
func (c config) classRefusal() error {
	switch {
	case c.public:
		return errors.New("class is for one room: RESTAURANT_PUBLIC must be off")
	case c.databaseURL != "":
		return errors.New("class gives each table a SQLite file of its own: leave RESTAURANT_DATABASE_URL out")
	case c.overTLS():
		return errors.New("class speaks plain HTTP in a private network: leave RESTAURANT_TLS out")
	case c.teacher != "":
		return errors.New("class takes reports and sends none: leave RESTAURANT_TEACHER out")
	case c.behindProxy:
		return errors.New("class is reached directly: leave RESTAURANT_BEHIND_PROXY out")
	}
	if _, base := basepath.Split(c.publicURL); base != "" {
		return fmt.Errorf("class gives each table a path of its own: leave %s out of RESTAURANT_PUBLIC_URL", base)
	}
	addrs, err := ownAddrs(c.addr)
	if err != nil {
		return err
	}
	for _, ip := range addrs {
		if !class.IsPrivate(ip) {
			return fmt.Errorf("class speaks plain HTTP and may only be reached in a private network; %s is public: name an address with -addr, such as %s", ip, c.privateAddr())
		}
	}
	return nil
}

// classIgnores are the settings that the operator has given and that have no effect in a class.
func (c config) classIgnores() (settings []string) {
	if !c.lab {
		settings = append(settings, "RESTAURANT_LAB=off")
	}
	if !c.demoData {
		settings = append(settings, "RESTAURANT_DEMO_DATA=off")
	}
	if c.drain > 0 {
		settings = append(settings, "RESTAURANT_DRAIN="+c.drain.String())
	}
	for _, s := range []struct{ name, value string }{{"RESTAURANT_TLS_CERT", c.tlsCert}, {"RESTAURANT_TLS_KEY", c.tlsKey}, {"RESTAURANT_TABLE", c.tableCode}} {
		if s.value != "" {
			settings = append(settings, s.name)
		}
	}
	return settings
}

// warnOfClass says what a class does not do although it was asked to.
func (c config) warnOfClass(log *slog.Logger) {
	if ignored := c.classIgnores(); ignored != nil {
		log.Warn("a class always has the lab and the demo data, which its lessons need, speaks plain HTTP, is no table of another class, and stops without a wait: leave out the settings that it ignores", "ignored", strings.Join(ignored, ", "))
	}
}

// privateAddr is an example of what a class can listen on here.
func (c config) privateAddr() string {
	_, port, _ := net.SplitHostPort(c.addr) // it was split before
	all, _ := ownAddrs(":" + port)
	first := routeAddr()
	slices.SortStableFunc(all, func(a, b netip.Addr) int { return boardOrder(a, first) - boardOrder(b, first) })
	for _, ip := range all {
		if class.IsPrivate(ip) && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			return "-addr " + net.JoinHostPort(ip.String(), port)
		}
	}
	return "-addr localhost:" + port + " to try it alone"
}
