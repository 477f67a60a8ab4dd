package app

import (
	"io"
	"time"

	"github.com/cheggaaa/pb/v3"
)

// A bar is drawn anew where it stands; in a file or a pipe each drawing would
// stay, so there it is a plain line now and then.
const (
	barTemplate  = `{{string . "what"}} {{percent . "%3.0f%%"}} {{bar . "[" "=" ">" " " "]"}} {{counters . "%s of %s"}}{{rtime . ", %s left" ", in %s" ""}}`
	lineTemplate = `{{string . "what"}}: {{counters . "%s of %s"}}, {{percent . "%.0f%%"}}{{rtime . ", %s left" ", in %s" ""}}` + "\n"
	lineEvery    = 3 * time.Second
	barEvery     = 200 * time.Millisecond
	barWidth     = 100
)

// progress shows how far a long piece of work has come.
type progress struct{ bar *pb.ProgressBar }

// showProgress begins to show on out how many of total are done. Call stop
// before anything else is written to out.
func showProgress(out io.Writer, what string, total int) progress {
	bar := pb.New(total).SetWriter(out).Set("what", what).SetMaxWidth(barWidth)
	if bar.GetBool(pb.Terminal) {
		bar.SetTemplateString(barTemplate).SetRefreshRate(barEvery)
	} else {
		bar.SetTemplateString(lineTemplate).SetRefreshRate(lineEvery)
	}
	return progress{bar.Start().Write()}
}

func (p progress) done(n int) { p.bar.SetCurrent(int64(n)) }

func (p progress) stop() { p.bar.Finish() }
