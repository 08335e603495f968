// Package memoryregistry is a schema registry in memory, for tests and
// benchmarks of what is not the registry. It takes any text for a schema, and
// any schema for compatible.
package memoryregistry

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tailrace-io/tailrace/converter/registry"
)

// Server is a registry of one test.
type Server struct {
	URL string

	mu       sync.Mutex
	schemas  []schema         // by id, from 1 on
	versions map[string][]int // ids by subject
}

type schema struct {
	Type       string          `json:"schemaType,omitempty"`
	Schema     string          `json:"schema"`
	References json.RawMessage `json:"references,omitempty"`
}

// Start starts a registry that ends with the test, and gives a client of it.
func Start(t testing.TB) (*Server, *registry.Client) {
	t.Helper()
	s := &Server{versions: make(map[string][]int)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /subjects/{subject}/versions", s.register)
	mux.HandleFunc("POST /subjects/{subject}", s.lookup)
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", s.version)
	mux.HandleFunc("GET /schemas/ids/{id}", s.byID)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	client, err := registry.New(registry.Config{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return s, client
}

// Latest gives the text of the newest schema of a subject; "" without one.
func (s *Server) Latest(subject string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.versions[subject]
	if len(ids) == 0 {
		return ""
	}
	return s.schemas[ids[len(ids)-1]-1].Schema
}

func (s *Server) id(of schema) int {
	for i, have := range s.schemas {
		if have.Schema == of.Schema && have.Type == of.Type && string(have.References) == string(of.References) {
			return i + 1
		}
	}
	return 0
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body schema
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Schema == "" {
		refuse(w, http.StatusUnprocessableEntity, 42201, "no schema")
		return
	}
	id := s.id(body)
	if id == 0 {
		s.schemas = append(s.schemas, body)
		id = len(s.schemas)
	}
	subject := r.PathValue("subject")
	if s.number(subject, id) == 0 {
		s.versions[subject] = append(s.versions[subject], id)
	}
	answer(w, map[string]any{"id": id})
}

// number is the version of the subject that the schema with the id is.
func (s *Server) number(subject string, id int) int {
	for i, have := range s.versions[subject] {
		if have == id {
			return i + 1
		}
	}
	return 0
}

func (s *Server) lookup(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body schema
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, "no schema")
		return
	}
	id := s.id(body)
	version := s.number(r.PathValue("subject"), id)
	if version == 0 {
		refuse(w, http.StatusNotFound, 40403, "no such schema")
		return
	}
	answer(w, map[string]any{"id": id, "version": version, "schema": body.Schema, "schemaType": body.Type})
}

func (s *Server) version(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.versions[r.PathValue("subject")]
	at := len(ids)
	if v := r.PathValue("version"); v != "latest" {
		if json.Unmarshal([]byte(v), &at) != nil {
			at = 0
		}
	}
	if at < 1 || at > len(ids) {
		refuse(w, http.StatusNotFound, 40402, "no such version")
		return
	}
	have := s.schemas[ids[at-1]-1]
	answer(w, map[string]any{"id": ids[at-1], "version": at, "schema": have.Schema, "schemaType": have.Type, "references": have.References})
}

func (s *Server) byID(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := 0
	if json.Unmarshal([]byte(strings.TrimSpace(r.PathValue("id"))), &id) != nil || id < 1 || id > len(s.schemas) {
		refuse(w, http.StatusNotFound, 40403, "no such schema")
		return
	}
	answer(w, s.schemas[id-1])
}

func answer(w http.ResponseWriter, body any) { json.NewEncoder(w).Encode(body) }

func refuse(w http.ResponseWriter, status, code int, message string) {
	w.WriteHeader(status)
	answer(w, map[string]any{"error_code": code, "message": message})
}

// Put makes a schema the newest version of a subject.
func (s *Server) Put(t testing.TB, subject string, of registry.Schema) (id int) {
	t.Helper()
	client, err := registry.New(registry.Config{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if id, err = client.Register(t.Context(), subject, of, false); err != nil {
		t.Fatal(err)
	}
	return id
}
