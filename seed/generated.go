package seed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"restaurant/models"
)

const (
	guestPrefix = "guest-"
	// randomSeed is constant, so that two runs over an empty database give the same.
	randomSeed = 1889 // the year in which the Margherita got its name
	// historyDays is the length of the history. It ends with yesterday, so that no
	// step of an order is in the future.
	historyDays = 730
	// minResumeDays is the shortest time that a run fills up instead of starting over.
	minResumeDays = 30
	// Rows in one transaction. It takes about half a second: that long Ctrl-C waits.
	guestBatch = 5_000
	orderBatch = 5_000
)

const day = models.Millis(24 * time.Hour / time.Millisecond)

// Why Orders cannot work.
var (
	// ErrNoGuests means that there are no generated guests.
	ErrNoGuests = errors.New("there are no generated guests who could order: add some with -guests")
	// ErrNoDishes means that the menu has no dish without a restriction.
	ErrNoDishes = errors.New("the menu has no dish that everybody may order: add one first")
)

// Guests adds guest-1 to guest-n, who cannot log in. It skips names that are taken
// and returns how many. After each batch it calls report with the number done. When
// ctx ends, it stops after a whole batch.
func Guests(ctx context.Context, store *models.Store, n int, report func(done int)) (added, taken int, err error) {
	random, begin := newRandom(0), today()-historyDays*day
	for done := 0; done < n; done = added + taken {
		if err := ctx.Err(); err != nil {
			return added, taken, err
		}
		batch := make([]models.User, min(guestBatch, n-done))
		for i := range batch {
			batch[i] = newGuest(random, done+i, begin+arrival(done+i, n))
		}
		written, err := store.AddGeneratedGuests(context.WithoutCancel(ctx), batch)
		if err != nil {
			return added, taken, err
		}
		added, taken = added+written, taken+len(batch)-written
		report(added + taken)
	}
	return added, taken, nil
}

func newRandom(stream models.Millis) *rand.Rand {
	return rand.New(rand.NewPCG(randomSeed, uint64(stream))) //nolint:gosec // not for secrets
}

// today returns the last midnight in UTC.
func today() models.Millis { return models.Now() / day * day }

// arrival returns when guest i of n arrives, relative to the begin: a twentieth on
// the first day, the others evenly spread.
func arrival(i, n int) models.Millis {
	return historyDays * day * models.Millis(max(0, i-n/20)) / models.Millis(n)
}

func newGuest(random *rand.Rand, i int, at models.Millis) models.User {
	number := strconv.Itoa(i + 1)
	u := models.User{Username: guestPrefix + number, Name: "Guest " + number, VIP: random.IntN(25) == 0, CreatedAt: at}
	if random.IntN(10) > 0 { // without a birth date they count as under age
		u.BirthDate = new(fmt.Sprintf("%d-%02d-%02d", 1950+random.IntN(50), 1+random.IntN(12), 1+random.IntN(28)))
	}
	return u
}

// Orders adds n orders of the generated guests, all served or cancelled, spread over
// the last two years until yesterday, with ids in the order of their times.
//
// If the newest order is a generated one and leaves at least minResumeDays until
// yesterday, they begin on the day after it instead: so a run that was stopped can
// be resumed, and the ids stay in order.
//
// After each batch it calls report with the number written. When ctx ends, it stops
// after a whole batch. It returns that number and the day of the first order.
func Orders(ctx context.Context, store *models.Store, n int, report func(done int)) (written int, from time.Time, err error) {
	g, err := newGenerator(ctx, store)
	if err != nil {
		return 0, from, err
	}
	for written < n {
		if err := ctx.Err(); err != nil {
			return written, g.begin.Time(), err
		}
		batch, err := g.batch(written, n)
		if err == nil {
			err = store.AddHistory(context.WithoutCancel(ctx), batch)
		}
		if err != nil {
			return written, g.begin.Time(), err
		}
		written += len(batch)
		report(written)
	}
	return written, g.begin.Time(), nil
}

// generator draws random orders.
type generator struct {
	random *rand.Rand
	// begin and end are the midnights between which orders are placed.
	begin, end models.Millis
	// guests are ordered by arrival; the first arrived of them may order by now.
	guests  []models.GeneratedGuest
	arrived int
	dishes  map[permissions][]models.OrderLine
}

// permissions decide what a guest may order.
type permissions struct{ vip, adult bool }

func newGenerator(ctx context.Context, store *models.Store) (*generator, error) {
	end := today()
	begin := end - historyDays*day
	last, resume, err := store.LastGenerated(ctx)
	if err != nil {
		return nil, err
	}
	if next := last/day*day + day; resume && begin < next && next <= end-minResumeDays*day {
		begin = next
	}
	guests, err := store.GeneratedGuests(ctx, guestPrefix, begin)
	if err != nil {
		return nil, err
	}
	g := &generator{random: newRandom(begin - end), begin: begin, end: end, guests: guests, dishes: dishesFor(store.Menu().Items)}
	switch {
	case len(guests) == 0:
		return nil, ErrNoGuests
	case len(g.dishes[permissions{}]) == 0:
		return nil, ErrNoDishes
	}
	return g, nil
}

// dishesFor lists what PlaceOrder would accept from each kind of guest, with
// current names and prices.
func dishesFor(menu []models.MenuItem) map[permissions][]models.OrderLine {
	dishes := map[permissions][]models.OrderLine{}
	for _, p := range []permissions{{false, false}, {false, true}, {true, false}, {true, true}} {
		for _, m := range menu {
			if !m.Available || m.VIPOnly && !p.vip || m.AgeRestricted && !p.adult {
				continue
			}
			for _, s := range m.Sizes {
				dishes[p] = append(dishes[p], models.OrderLine{MenuItemID: m.ID, Name: m.Name, Size: s.Size, UnitPriceCents: s.PriceCents})
			}
		}
	}
	return dishes
}

// batch draws the orders of one transaction, starting with order i of n.
func (g *generator) batch(i, n int) ([]models.Order, error) {
	batch := make([]models.Order, 0, orderBatch)
	for last := min(n, i+orderBatch); i < last; i++ {
		o, err := g.order(g.placedAt(i, n))
		if err != nil {
			return nil, err
		}
		batch = append(batch, o)
	}
	return batch, nil
}

// hourWeights is how many of a hundred orders come in each hour from opening on.
var hourWeights = [...]float64{3, 9, 10, 5, 3, 4, 8, 14, 17, 14, 9, 4}

const opening = 11 * models.Millis(time.Hour/time.Millisecond)

// placedAt returns when order i of n is placed; it grows with i. The last one is on
// the last day, so that the next run sees that this one was complete.
func (g *generator) placedAt(i, n int) models.Millis {
	days := (float64(i) + g.random.Float64()) / float64(n) * float64((g.end-g.begin)/day)
	if i == n-1 {
		days = max(days, float64((g.end-g.begin)/day)-0.5)
	}
	date := float64(int(days))
	left := (days - date) * 100
	hour := 0
	for left >= hourWeights[hour] && hour < len(hourWeights)-1 {
		left -= hourWeights[hour]
		hour++
	}
	return g.begin + models.Millis(date)*day + opening +
		models.Millis((float64(hour)+left/hourWeights[hour])*float64(time.Hour/time.Millisecond))
}

// guest draws who orders: 30 % are regulars, the first tenth of those who have
// arrived, most often the first; the others have arrived lately.
func (g *generator) guest(at models.Millis) models.GeneratedGuest {
	for g.arrived < len(g.guests) && (g.arrived == 0 || g.guests[g.arrived].CreatedAt <= at) {
		g.arrived++
	}
	u := g.random.Float64()
	if g.random.IntN(10) < 3 {
		return g.guests[int(u*u*float64(g.arrived)/10)]
	}
	return g.guests[g.arrived-1-int(u*float64(min(g.arrived, 1+len(g.guests)/20)))]
}

// order draws an order that was placed at this time and is done.
func (g *generator) order(at models.Millis) (models.Order, error) {
	guest := g.guest(at)
	o := models.Order{UserID: guest.ID, PlacedAt: at}
	dishes := g.dishes[permissions{guest.VIP, guest.Adult}]
	var lines []models.OrderLine
	for range 1 + min(g.random.IntN(5), g.random.IntN(5)) { // one to five, more often few
		line := dishes[g.random.IntN(len(dishes))]
		line.Quantity = 1 + int64(min(g.random.IntN(4), g.random.IntN(4)))
		lines = append(lines, line)
	}
	var err error
	if o.Lines, o.TotalCents, err = models.TotalLines(lines); err != nil {
		return o, err
	}
	if g.random.IntN(3) > 0 { // the others have no table: takeaway
		o.TableName = new(strconv.Itoa(1 + g.random.IntN(40)))
	}
	if g.random.IntN(40) == 0 {
		o.CancelledAt = g.after(&at, 3)
		return o, nil
	}
	o.PreparingAt = g.after(&at, 6)
	o.ReadyAt = g.after(&at, 25)
	o.ServedAt = g.after(&at, 5)
	return o, nil
}

// after advances at by 20 seconds up to so many minutes and returns a copy.
func (g *generator) after(at *models.Millis, minutes int) *models.Millis {
	shortest := models.Millis(20 * time.Second / time.Millisecond)
	*at += shortest + models.Millis(g.random.IntN(minutes*60_000-int(shortest)))
	return new(*at)
}
