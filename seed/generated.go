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

// What a crowd is made of. All of it is drawn from numbers that begin at the
// same place each time, so two runs over an empty book give the same one.
const (
	guestPrefix = "guest-"
	crowdSeed   = 1889 // the year in which the Margherita got its name
	// crowdDays is how far back the history goes. It ends with yesterday, so
	// that no step of an order lies in the future.
	crowdDays = 730
	// goOnDays is the shortest time that another run goes on to fill.
	goOnDays = 30
	// Rows in one transaction: it takes about half a second, which is how long
	// Ctrl-C has to wait, and how much a full disk takes back.
	guestBatch = 5_000
	orderBatch = 5_000
)

const day = models.Millis(24 * time.Hour / time.Millisecond)

// ErrNoGuests means that orders were asked for and there is nobody to have
// placed them; ErrNoDishes, that the menu has nothing that everybody may order.
var (
	ErrNoGuests = errors.New("there are no generated guests to order: ask for some with -guests")
	ErrNoDishes = errors.New("the menu has no dish that everybody may order: add one first")
)

// Guests adds guest-1 to guest-n, who cannot log in. A name that somebody has is
// left to them and counts as taken. After each batch report is told how many are
// done; when ctx ends, so does the work, behind a whole batch.
func Guests(ctx context.Context, store *models.Store, n int, report func(done int)) (added, taken int, err error) {
	random, begin := newRandom(0), today()-crowdDays*day
	batch := make([]models.User, 0, guestBatch)
	for done := 0; done < n; done += len(batch) {
		if err := ctx.Err(); err != nil {
			return added, taken, err
		}
		batch = batch[:0]
		for i := done; i < min(n, done+guestBatch); i++ {
			batch = append(batch, newGuest(random, i, begin+arrival(i, n)))
		}
		fresh, err := store.AddGeneratedGuests(context.WithoutCancel(ctx), batch)
		if err != nil {
			return added, taken, err
		}
		added, taken = added+fresh, taken+len(batch)-fresh
		report(added + taken)
	}
	return added, taken, nil
}

// newRandom gives the numbers from which everything is drawn.
func newRandom(stream models.Millis) *rand.Rand {
	return rand.New(rand.NewPCG(crowdSeed, uint64(stream))) //nolint:gosec // nothing secret; two runs shall give the same
}

// today is the last midnight in UTC.
func today() models.Millis { return models.Now() / day * day }

// arrival is when guest i of n came first, after the beginning. A twentieth was
// there on the first day, the others came at an even pace.
func arrival(i, n int) models.Millis {
	return crowdDays * day * models.Millis(max(0, i-n/20)) / models.Millis(n)
}

func newGuest(random *rand.Rand, i int, at models.Millis) models.User {
	number := strconv.Itoa(i + 1)
	u := models.User{Username: guestPrefix + number, Name: "Guest " + number, VIP: random.IntN(25) == 0, CreatedAt: at}
	if random.IntN(10) > 0 { // the others count as under age
		u.BirthDate = new(fmt.Sprintf("%d-%02d-%02d", 1950+random.IntN(50), 1+random.IntN(12), 1+random.IntN(28)))
	}
	return u
}

// Orders adds n orders of the generated guests to the book, all of them served
// or cancelled, over the last two years until yesterday; their ids are in the
// order of their times. Where the newest order of the book is a generated one
// from long ago, they begin on the day after it instead: so a run that
// was stopped goes on, and the book stays in order. (With less than goOnDays to
// fill they begin two years back again: the run before was complete.)
//
// After each batch report is told how many are written; when ctx ends, so does
// the work, behind a whole batch.
func Orders(ctx context.Context, store *models.Store, n int, report func(done int)) (written int, from time.Time, err error) {
	c, err := newCrowd(ctx, store)
	if err != nil {
		return 0, from, err
	}
	for written < n && err == nil {
		var batch []models.Order
		if err = ctx.Err(); err == nil {
			batch, err = c.batch(written, n)
		}
		if err == nil {
			err = store.AddHistory(context.WithoutCancel(ctx), batch)
		}
		if err == nil {
			written += len(batch)
			report(written)
		}
	}
	return written, c.begin.Time(), err
}

// batch draws the orders of one transaction, from order i of n on.
func (c *generator) batch(i, n int) ([]models.Order, error) {
	batch := make([]models.Order, 0, orderBatch)
	for last := min(n, i+orderBatch); i < last; i++ {
		o, err := c.order(c.moment(i, n))
		if err != nil {
			return nil, err
		}
		batch = append(batch, o)
	}
	return batch, nil
}

// generator draws orders.
type generator struct {
	random *rand.Rand
	// begin and end of the time in which orders are placed, both midnights.
	begin, end models.Millis
	// guests in the order in which they came, and how many of them have come.
	guests  []models.GeneratedGuest
	arrived int
	// dishes that a guest may order: for VIPs or not, for adults or not.
	dishes map[[2]bool][]models.OrderLine
}

func newCrowd(ctx context.Context, store *models.Store) (*generator, error) {
	end := today()
	begin := end - crowdDays*day
	last, resume, err := store.LastGenerated(ctx)
	if next := last/day*day + day; resume && begin < next && next <= end-goOnDays*day {
		begin = next
	}
	if err != nil {
		return nil, err
	}
	guests, err := store.GeneratedGuests(ctx, guestPrefix, begin)
	if err != nil {
		return nil, err
	}
	c := &generator{random: newRandom(begin - end), begin: begin, end: end, guests: guests, dishes: dishesFor(store.Menu().Items)}
	switch {
	case len(guests) == 0:
		return nil, ErrNoGuests
	case len(c.dishes[[2]bool{false, false}]) == 0:
		return nil, ErrNoDishes
	}
	return c, nil
}

// dishesFor lists what each kind of guest may order, as PlaceOrder would let
// them, with the name and the price of today.
func dishesFor(menu []models.MenuItem) map[[2]bool][]models.OrderLine {
	dishes := map[[2]bool][]models.OrderLine{}
	for _, vip := range []bool{false, true} {
		for _, adult := range []bool{false, true} {
			for _, m := range menu {
				if !m.Available || m.VIPOnly && !vip || m.AgeRestricted && !adult {
					continue
				}
				for _, s := range m.Sizes {
					dishes[[2]bool{vip, adult}] = append(dishes[[2]bool{vip, adult}],
						models.OrderLine{MenuItemID: m.ID, Name: m.Name, Size: s.Size, UnitPriceCents: s.PriceCents})
				}
			}
		}
	}
	return dishes
}

// hourWeights says how many of a hundred orders come in each hour from opening on.
var hourWeights = [...]float64{3, 9, 10, 5, 3, 4, 8, 14, 17, 14, 9, 4}

const opening = 11 * models.Millis(time.Hour/time.Millisecond)

// moment is when order i of n is placed, later for each. The last one is placed
// on the last day, so that the next run sees that this one was complete.
func (c *generator) moment(i, n int) models.Millis {
	days := (float64(i) + c.random.Float64()) / float64(n) * float64((c.end-c.begin)/day)
	if i == n-1 {
		days = max(days, float64((c.end-c.begin)/day)-0.5)
	}
	date := float64(int(days))
	left := (days - date) * 100
	hour := 0
	for left >= hourWeights[hour] && hour < len(hourWeights)-1 {
		left -= hourWeights[hour]
		hour++
	}
	return c.begin + models.Millis(date)*day + opening +
		models.Millis((float64(hour)+left/hourWeights[hour])*float64(time.Hour/time.Millisecond))
}

// guest draws who orders: often one of the regulars, the first tenth of those
// who have come so far, and the earlier the oftener; otherwise somebody who has
// come lately.
func (c *generator) guest(at models.Millis) models.GeneratedGuest {
	for c.arrived < len(c.guests) && (c.arrived == 0 || c.guests[c.arrived].CreatedAt <= at) {
		c.arrived++
	}
	u := c.random.Float64()
	if c.random.IntN(10) < 3 {
		return c.guests[int(u*u*float64(c.arrived)/10)]
	}
	return c.guests[c.arrived-1-int(u*float64(min(c.arrived, 1+len(c.guests)/20)))]
}

// order draws an order that was placed at this moment and is over.
func (c *generator) order(at models.Millis) (models.Order, error) {
	g := c.guest(at)
	o := models.Order{UserID: g.ID, PlacedAt: at}
	dishes := c.dishes[[2]bool{g.VIP, g.Adult}]
	var lines []models.OrderLine
	for range 1 + min(c.random.IntN(5), c.random.IntN(5)) { // one to five, rather one
		line := dishes[c.random.IntN(len(dishes))]
		line.Quantity = 1 + int64(min(c.random.IntN(4), c.random.IntN(4)))
		lines = append(lines, line)
	}
	var err error
	if o.Lines, o.TotalCents, err = models.TotalLines(lines); err != nil {
		return o, err
	}
	if c.random.IntN(3) > 0 { // the others take it home
		o.TableName = new(strconv.Itoa(1 + c.random.IntN(40)))
	}
	if c.random.IntN(40) == 0 {
		o.CancelledAt = c.after(&at, 3)
		return o, nil
	}
	o.PreparingAt = c.after(&at, 6)
	o.ReadyAt = c.after(&at, 25)
	o.ServedAt = c.after(&at, 5)
	return o, nil
}

// after moves at on by up to so many minutes.
func (c *generator) after(at *models.Millis, minutes int) *models.Millis {
	least := models.Millis(20 * time.Second / time.Millisecond)
	*at += least + models.Millis(c.random.IntN(minutes*60_000-int(least)))
	return new(*at)
}
