package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Type is the language of a schema.
type Type string

// The languages that registries know.
const (
	Avro     Type = "AVRO"
	JSON     Type = "JSON"
	Protobuf Type = "PROTOBUF"
)

// Schema is a schema as a registry has it.
type Schema struct {
	Type       Type // Avro when empty
	Text       string
	References []Reference // schemas of other subjects that the text names
}

// Reference is a name in a schema that stands for one of another subject.
type Reference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

// Version is a schema of a subject.
type Version struct {
	ID      int // the schema's, the same for equal schemas of any subject
	Version int // the subject's, from 1 on
	Schema  Schema
}

// text is a schema in the registry's protocol.
type text struct {
	ID         int         `json:"id,omitempty"`
	Version    int         `json:"version,omitempty"`
	Type       Type        `json:"schemaType,omitempty"`
	Schema     string      `json:"schema"`
	References []Reference `json:"references,omitempty"`
}

func textOf(s Schema) text {
	t := text{Type: s.Type, Schema: s.Text, References: s.References}
	if t.Type == Avro {
		t.Type = ""
	}
	return t
}

func (t text) schema() Schema {
	s := Schema{Type: t.Type, Text: t.Schema, References: t.References}
	if s.Type == "" {
		s.Type = Avro
	}
	return s
}

// registration is what the cache of ids is asked for.
type registration struct {
	subject, text string
	kind          Type
	references    string
	register      bool
	normalize     bool
}

func (r registration) of(s Schema) registration {
	r.text, r.kind, r.references = s.Text, s.Type, fmt.Sprint(s.References)
	return r
}

// Register gives the id of a schema, which becomes the subject's newest version
// unless it is one already. With normalize the registry takes texts that mean
// the same for the same schema.
func (c *Client) Register(ctx context.Context, subject string, s Schema, normalize bool) (id int, err error) {
	key := registration{subject: subject, register: true, normalize: normalize}.of(s)
	if id, ok := c.ids.get(key); ok {
		return id, nil
	}
	var answer text
	err = c.call(ctx, "register a schema for the subject "+subject, http.MethodPost,
		"/subjects/"+url.PathEscape(subject)+"/versions", normalized(normalize), textOf(s), &answer)
	switch {
	case errors.Is(err, ErrIncompatible):
		return 0, fmt.Errorf("%w; change the table or the schema so that it is compatible, or have the registry ask for less of the subject (PUT /config/%s), or write to another one",
			err, subject)
	case err != nil:
		return 0, err
	}
	c.ids.add(key, answer.ID)
	return answer.ID, nil
}

// Lookup gives the id of a schema that is one of the subject's versions, and
// ErrNotFound where it is none.
func (c *Client) Lookup(ctx context.Context, subject string, s Schema, normalize bool) (id int, err error) {
	key := registration{subject: subject, normalize: normalize}.of(s)
	if id, ok := c.ids.get(key); ok {
		return id, nil
	}
	var answer text
	err = c.call(ctx, "look a schema up for the subject "+subject, http.MethodPost,
		"/subjects/"+url.PathEscape(subject), normalized(normalize), textOf(s), &answer)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, fmt.Errorf("%w; register the schema first, or let it be registered (auto.register.schemas=true)", err)
	case err != nil:
		return 0, err
	}
	c.ids.add(key, answer.ID)
	return answer.ID, nil
}

func normalized(normalize bool) url.Values {
	if !normalize {
		return nil
	}
	return url.Values{"normalize": {"true"}}
}

// Latest gives the subject's newest version. It is asked for each time.
func (c *Client) Latest(ctx context.Context, subject string) (Version, error) {
	return c.version(ctx, subject, "latest")
}

// ByVersion gives a version of a subject.
func (c *Client) ByVersion(ctx context.Context, subject string, version int) (Version, error) {
	return c.version(ctx, subject, strconv.Itoa(version))
}

func (c *Client) version(ctx context.Context, subject, version string) (Version, error) {
	var answer text
	err := c.call(ctx, "read version "+version+" of the subject "+subject, http.MethodGet,
		"/subjects/"+url.PathEscape(subject)+"/versions/"+version, nil, nil, &answer)
	if err != nil {
		return Version{}, err
	}
	return Version{ID: answer.ID, Version: answer.Version, Schema: answer.schema()}, nil
}

// ByID gives the schema with the id.
func (c *Client) ByID(ctx context.Context, id int) (Schema, error) {
	if s, ok := c.schemas.get(id); ok {
		return s, nil
	}
	var answer text
	if err := c.call(ctx, fmt.Sprintf("read the schema with the id %d", id), http.MethodGet, "/schemas/ids/"+segment(id), nil, nil, &answer); err != nil {
		return Schema{}, err
	}
	s := answer.schema()
	c.schemas.add(id, s)
	return s, nil
}

// Resolve gives the texts of everything that a schema refers to, by the names
// that are used there, also where what is referred to refers on.
func (c *Client) Resolve(ctx context.Context, s Schema) (map[string]string, error) {
	texts := make(map[string]string)
	return texts, c.resolve(ctx, s, texts)
}

func (c *Client) resolve(ctx context.Context, s Schema, texts map[string]string) error {
	for _, r := range s.References {
		if _, ok := texts[r.Name]; ok {
			continue
		}
		v, err := c.ByVersion(ctx, r.Subject, r.Version)
		if err != nil {
			return err
		}
		texts[r.Name] = v.Schema.Text
		if err := c.resolve(ctx, v.Schema, texts); err != nil {
			return err
		}
	}
	return nil
}

// Compatible asks whether the schema may become the subject's next version, and
// for the registry's reasons where it may not. A subject without versions takes
// any schema.
func (c *Client) Compatible(ctx context.Context, subject string, s Schema) (ok bool, reasons string, err error) {
	var answer struct {
		Compatible bool     `json:"is_compatible"`
		Messages   []string `json:"messages"`
		Reason     string   `json:"reason"`
	}
	err = c.call(ctx, "compare a schema with those of the subject "+subject, http.MethodPost,
		"/compatibility/subjects/"+url.PathEscape(subject)+"/versions/latest", url.Values{"verbose": {"true"}}, textOf(s), &answer)
	if errors.Is(err, ErrNotFound) {
		return true, "", nil
	}
	if answer.Reason != "" {
		answer.Messages = append(answer.Messages, answer.Reason)
	}
	return answer.Compatible, strings.Join(answer.Messages, "; "), err
}

// VersionOf gives which version of the subject a schema is, and ErrNotFound
// where it is none. It is asked for each time.
func (c *Client) VersionOf(ctx context.Context, subject string, s Schema) (int, error) {
	var answer text
	err := c.call(ctx, "look a schema up for the subject "+subject, http.MethodPost,
		"/subjects/"+url.PathEscape(subject), nil, textOf(s), &answer)
	return answer.Version, err
}

// SetCompatibility says how the versions of a subject must go together: NONE,
// BACKWARD, FORWARD, FULL, or one of the latter followed by _TRANSITIVE.
func (c *Client) SetCompatibility(ctx context.Context, subject, level string) error {
	var answer struct{}
	return c.call(ctx, "set the compatibility of the subject "+subject, http.MethodPut, "/config/"+url.PathEscape(subject), nil,
		map[string]string{"compatibility": level}, &answer)
}
