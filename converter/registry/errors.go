package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// What a registry refuses, to be found by errors.Is.
var (
	// ErrIncompatible: the schema does not go with the earlier ones of its
	// subject.
	ErrIncompatible = errors.New("the schema is not compatible with the earlier ones of its subject")

	// ErrInvalid: the registry finds that the schema is none.
	ErrInvalid = errors.New("the registry does not take the schema for one")

	// ErrNotFound: there is no such subject, version, schema or id.
	ErrNotFound = errors.New("the registry does not have it")

	// ErrDenied: the registry does not know the user, or does not let them.
	ErrDenied = errors.New("the registry does not let the user do that")
)

// Error is an answer of the registry that is not the one that was asked for.
type Error struct {
	Request string // the method and the address, without user and password
	Status  int    // of HTTP
	Code    int    // of the protocol, 0 where there is none
	Message string // the registry's own
}

// Error says what the registry said.
func (e *Error) Error() string {
	code := ""
	if e.Code != 0 {
		code = fmt.Sprintf(" (error code %d)", e.Code)
	}
	return fmt.Sprintf("%s answered %d %s%s: %s", e.Request, e.Status, http.StatusText(e.Status), code, e.Message)
}

// Unwrap gives the one of this package's errors that the answer comes to.
func (e *Error) Unwrap() error {
	switch {
	case e.Status == http.StatusConflict:
		return ErrIncompatible
	case e.Status == http.StatusUnprocessableEntity:
		return ErrInvalid
	case e.Status == http.StatusNotFound:
		return ErrNotFound
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return ErrDenied
	}
	return nil
}

// refusal reads the answer of a registry that is no success.
func refusal(method, address string, status int, answer []byte) error {
	var body struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &body) != nil || body.Message == "" {
		body.Message = shortened(string(answer))
	}
	return &Error{Request: method + " " + address, Status: status, Code: body.Code, Message: body.Message}
}

// shortened is the beginning of an answer in some other form than the
// protocol's, such as the page of a proxy.
func shortened(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	if text == "" {
		return "nothing else"
	}
	return text
}

// unreachable is a request that got no answer.
type unreachable struct{ err error }

func (e *unreachable) Error() string { return e.err.Error() }
func (e *unreachable) Unwrap() error { return e.err }

// passing says whether a failure may be over when the request is made again, or
// made elsewhere.
func passing(err error) bool {
	var none *unreachable
	if errors.As(err, &none) {
		return true
	}
	var answer *Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
