package httpjson

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// MaxBody is the largest request body in bytes.
const MaxBody = 64 << 10

// Media types that clients send and ask for.
const (
	MediaHTML = "text/html"
	MediaJSON = "application/json"
	MediaText = "text/plain"
)

// MediaType returns the media type of the body without its parameters, or "" if the
// body is not declared as UTF-8.
func MediaType(c *gin.Context) string {
	kind, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !isUTF8(params) {
		return ""
	}
	return kind
}

// isUTF8 takes utf8, too: many programs write it so.
func isUTF8(params map[string]string) bool {
	charset, declared := params["charset"]
	return !declared || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// readBody reads the whole body without the white space around it. Every refusal names
// the fault and what mends it; those of bodies that no parser could read are of the kind
// malformed.
func readBody(c *gin.Context, malformed *problem.Kind) ([]byte, error) {
	if coding := c.GetHeader("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		c.Header("Accept-Encoding", "identity") // RFC 9110, section 15.5.16
		return nil, problem.UnsupportedMediaType.New("The body is declared as compressed (Content-Encoding). Send it uncompressed, without that header.")
	}
	if c.Request.ContentLength > MaxBody {
		return nil, problem.BodyTooLarge.New("")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, problem.BodyTooLarge.New("")
	}
	if err != nil {
		return nil, malformed.New("The body broke off before it was complete, or its chunks are malformed. Send it again.").Because(err)
	}
	if fault := encodingFault(body); fault != "" {
		return nil, malformed.New(fault)
	}
	return bytes.TrimSpace(body), nil
}

const emptyBody = "The body is empty. If it should come from a file (curl -d \"@order.json\"): is the file there, is its name right, and is something in it?"

// encodingFault says why the bytes are no text in UTF-8, or is empty.
func encodingFault(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return "The body begins with a byte-order mark (BOM). Save the file as UTF-8 without BOM. In Windows PowerShell, use Set-Content -Encoding ascii."
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")), bytes.IndexByte(body[:min(len(body), 2)], 0) >= 0:
		return "The body is in UTF-16, and this call takes UTF-8. Save the file as UTF-8 without BOM. In Windows PowerShell, use Set-Content -Encoding ascii and not >."
	case !utf8.Valid(body):
		return "The body is not valid UTF-8. Save the file as UTF-8 and send it again."
	}
	return ""
}

const jsonAsForm = "The body should be JSON, but its Content-Type says that it is a form (application/x-www-form-urlencoded). curl -d sets this type by itself. Add the header Content-Type: application/json."

// wrongType refuses a body that is not declared as JSON. It names what the body is
// declared as, and what to say instead.
func wrongType(c *gin.Context) error {
	if c.Request.ContentLength == 0 {
		return problem.MalformedJSON.New(emptyBody)
	}
	const takes = " This call takes JSON: send the header Content-Type: application/json."
	header := c.GetHeader("Content-Type")
	kind, params, err := mime.ParseMediaType(header)
	switch {
	case header == "":
		return problem.UnsupportedMediaType.New("The body came without a Content-Type." + takes)
	case err != nil || len(kind) > 80:
		return problem.UnsupportedMediaType.New("The Content-Type of the body is malformed." + takes)
	case kind == "multipart/form-data":
		return problem.UnsupportedMediaType.New("The body came as multipart/form-data, which curl -F and the tab form-data of many tools send, and which no call takes. Send JSON with the header Content-Type: application/json; a login may also be a form (application/x-www-form-urlencoded, curl -d).")
	case !isUTF8(params) && (kind == MediaJSON || kind == FormType): // such types are taken, and only the charset is wrong
		return problem.UnsupportedMediaType.New("The Content-Type of the body names a charset other than UTF-8. Send the body in UTF-8, and in the header charset=utf-8 or no charset.")
	case kind == FormType:
		return problem.UnsupportedMediaType.New(jsonAsForm)
	}
	return problem.UnsupportedMediaType.New("The body came as " + kind + "." + takes)
}
