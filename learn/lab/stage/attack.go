package stage

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

func (s *Stage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.options.Path+"/{$}", s.showPage)
	mux.HandleFunc("GET "+s.options.Path+"/notepad", s.showReceived)
	mux.HandleFunc("POST "+s.options.Path+"/notepad", s.takeNote)
	mux.HandleFunc("POST "+s.options.Path+"/order", s.takeOrder)
	mux.HandleFunc("POST "+s.options.Path+"/report", s.takeReport)
	return mux
}

// hasTicket reports whether a request has the cookie of this stage.
func (s *Stage) hasTicket(r *http.Request) bool {
	cookie, err := r.Cookie(Cookie)
	return err == nil && cookie.Value == s.options.Token
}

// report tells of a request, without the path of the stage.
func (s *Stage) report(r *http.Request, status int, noted, tokenID string) {
	s.options.Report(Event{r.Method, strings.TrimPrefix(r.URL.Path, s.options.Path), status, noted, tokenID})
}

// keep adds what has arrived to a list and leaves the first ones out when it is full.
func (s *Stage) keep(list *[]string, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, text)
	if len(*list) > maxKept {
		*list = (*list)[1:]
	}
	s.encoded = false
}

// text reads a body. ok is false if it was refused.
func text(w http.ResponseWriter, r *http.Request) (body string, ok bool) {
	bytes, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		http.Error(w, "The text must come in time and have 8 KiB at most.", http.StatusRequestEntityTooLarge)
	case !utf8.Valid(bytes):
		http.Error(w, "The text must be UTF-8.", http.StatusBadRequest)
	default:
		return string(bytes), true
	}
	return "", false
}

// takeNote is where the script of the attacker sends what it has found. Of a note only the
// token of the stage is kept: whatever else may be in it is nobody's business.
func (s *Stage) takeNote(w http.ResponseWriter, r *http.Request) {
	note, ok := text(w, r)
	if !ok {
		return
	}
	w.WriteHeader(http.StatusNoContent)
	switch {
	case strings.Contains(note, s.options.Token):
		s.keep(&s.received.Notes, s.options.Token)
		s.report(r, http.StatusNoContent, Stolen, s.options.TokenID)
	case note == "":
		s.keep(&s.received.Notes, "")
		if s.hasTicket(r) {
			s.report(r, http.StatusNoContent, Empty, "")
		}
	default:
		s.keep(&s.received.Notes, "Something that is not the wristband of this stage.")
	}
}

// takeOrder takes an order from a browser that has the cookie. It sends the cookie along for
// the script of an attacker, too.
func (s *Stage) takeOrder(w http.ResponseWriter, r *http.Request) {
	if !s.hasTicket(r) {
		http.Error(w, "Nobody has logged in here. Open the page of this case first.", http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusCreated)
	s.keep(&s.received.Orders, "One large Margherita, to be paid by Alice")
	s.report(r, http.StatusCreated, Ordered, "")
}

// takeReport takes what a browser says about a script that it did not run. Of other things
// that it did not load, such as an icon, nothing is kept.
func (s *Stage) takeReport(w http.ResponseWriter, r *http.Request) {
	body, ok := text(w, r)
	if !ok {
		return
	}
	var sent struct {
		Report struct {
			Document  string `json:"document-uri"`
			Directive string `json:"violated-directive"`
		} `json:"csp-report"`
	}
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		http.Error(w, "This is no report of a content security policy.", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if strings.HasPrefix(sent.Report.Directive, "script-src") && strings.HasSuffix(sent.Report.Document, "case=strict") {
		s.keep(&s.received.Reports, "The browser has not run the script of the text: the policy forbids it.")
		s.report(r, http.StatusNoContent, Blocked, "")
	}
}

// showReceived shows what has arrived. The page asks for it after the text was inserted.
func (s *Stage) showReceived(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	encoded := s.encoded
	body, err := json.Marshal(s.received)
	s.encoded = false
	s.mu.Unlock()
	if err != nil { // they are texts in UTF-8
		panic(err)
	}
	if encoded {
		s.report(r, http.StatusOK, Nothing, "")
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
