package registry_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func client(t *testing.T, config registry.Config) *registry.Client {
	c, err := registry.New(config)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func quick(urls ...string) registry.Config {
	return registry.Config{URLs: urls, Timeout: 20 * time.Second, Wait: time.Millisecond}
}

func record(fields ...string) registry.Schema {
	for i, f := range fields {
		name, typ, _ := strings.Cut(f, " ")
		fields[i] = fmt.Sprintf(`{"name":%q,"type":%q}`, name, typ)
	}
	return registry.Schema{Type: registry.Avro, Text: `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`}
}

func TestSchemasAreRegisteredOnceAndFoundAgain(t *testing.T) {
	server := testserver.Registry(t)
	subject := server.Topic(t) + "-value"
	proxy := testserver.StartProxy(t, hostOf(t, server.URL))
	c := client(t, quick(through(t, server.URL, proxy.Addr)))
	ctx := t.Context()

	_, err := c.Lookup(ctx, subject, record("a int"), false)
	require.ErrorIs(t, err, registry.ErrNotFound)
	id, err := c.Register(ctx, subject, record("a int"), false)
	require.NoError(t, err)
	s, err := c.ByID(ctx, id)
	require.NoError(t, err)
	assert.JSONEq(t, record("a int").Text, s.Text)
	assert.Equal(t, registry.Avro, s.Type)
	second, err := c.Register(ctx, subject, record("a int", "b string"), false)
	require.NoError(t, err)
	assert.NotEqual(t, id, second)
	latest, err := c.Latest(ctx, subject)
	require.NoError(t, err)
	assert.Equal(t, 2, latest.Version)
	assert.Equal(t, second, latest.ID)
	version, err := c.VersionOf(ctx, subject, record("a int"))
	require.NoError(t, err)
	assert.Equal(t, 1, version)
	looked, err := c.Lookup(ctx, subject, record("a int"), false)
	require.NoError(t, err)
	assert.Equal(t, id, looked)

	proxy.Refuse() // what is known needs no registry
	again, err := c.Register(ctx, subject, record("a int"), false)
	require.NoError(t, err)
	assert.Equal(t, id, again)
	_, err = c.ByID(ctx, id)
	require.NoError(t, err)
}

func TestARefusalSaysWhatTheRegistrySaidAndWhatToDo(t *testing.T) {
	server := testserver.Registry(t)
	subject := server.Topic(t) + "-value"
	c := client(t, quick(server.URL))
	ctx := t.Context()
	ok, _, err := c.Compatible(ctx, subject, record("a int"))
	require.NoError(t, err)
	assert.True(t, ok, "of a subject that is not there yet")
	_, err = c.Register(ctx, subject, record("a int"), false)
	require.NoError(t, err)
	require.NoError(t, c.SetCompatibility(ctx, subject, "FULL"))

	_, err = c.Register(ctx, subject, record("a string"), false)
	require.ErrorIs(t, err, registry.ErrIncompatible)
	for _, word := range []string{"register a schema for the subject " + subject, "409", "/a", "PUT /config/" + subject} {
		assert.ErrorContains(t, err, word)
	}
	ok, reasons, err := c.Compatible(ctx, subject, record("a string"))
	require.NoError(t, err)
	assert.False(t, ok)
	assert.NotEmpty(t, reasons)

	_, err = c.ByID(ctx, 1<<30)
	require.ErrorIs(t, err, registry.ErrNotFound)
	_, err = c.Latest(ctx, subject+"-none")
	require.ErrorIs(t, err, registry.ErrNotFound)
	assert.ErrorContains(t, err, "read version latest of the subject "+subject+"-none")
	_, err = c.Register(ctx, subject, registry.Schema{Text: `{"type":"recor"}`}, false)
	assert.ErrorIs(t, err, registry.ErrInvalid)
}

func TestARegistryThatIsAwayIsAskedAgainAndElsewhere(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	first, second := testserver.StartProxy(t, hostOf(t, server.URL)), testserver.StartProxy(t, hostOf(t, server.URL))
	urls := []string{through(t, server.URL, first.Addr), through(t, server.URL, second.Addr)}

	first.Refuse()
	c := client(t, quick(urls...))
	_, err := c.Register(t.Context(), topic+"-value", record("a int"), false)
	require.NoError(t, err, "the other address answers")

	second.Refuse()
	_, err = c.Register(t.Context(), topic+"-key", record("a int"), false)
	require.Error(t, err)
	for _, word := range []string{"register a schema for the subject " + topic + "-key", first.Addr, second.Addr} {
		assert.ErrorContains(t, err, word)
	}
	second.Admit()
	_, err = c.Register(t.Context(), topic+"-key", record("a int"), false)
	require.NoError(t, err)

	second.Down.CutAfter(20) // the answer breaks off once
	_, err = client(t, quick(urls[1])).Latest(t.Context(), topic+"-key")
	require.NoError(t, err)
}

func TestARegistryThatDoesNotAnswerIsNotWaitedForWithoutEnd(t *testing.T) {
	server := testserver.Registry(t)
	proxy := testserver.StartProxy(t, hostOf(t, server.URL))
	proxy.Down.Stall()
	config := quick(through(t, server.URL, proxy.Addr))
	config.Timeout, config.Retries = 500*time.Millisecond, 1
	_, err := client(t, config).Latest(t.Context(), "x")
	require.ErrorContains(t, err, "Client.Timeout")
	assert.Eventually(t, func() bool { return proxy.Accepted() >= 2 }, 30*time.Second, 10*time.Millisecond, "it was asked again")
}

func TestAnAnswerThatCannotGetBetterIsNotAskedForAgain(t *testing.T) {
	for status, want := range map[int]int32{400: 1, 401: 1, 404: 1, 409: 1, 422: 1, 429: 3, 500: 3, 503: 3} {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
			fmt.Fprint(w, "<html>some page</html>")
		}))
		t.Cleanup(server.Close)
		config := quick(server.URL)
		config.Retries = 2
		_, err := client(t, config).Latest(t.Context(), "x")
		require.ErrorContains(t, err, "<html>some page</html>")
		assert.Equal(t, want, asked.Load(), "%d", status)
	}
}

func TestWhatIsNoRegistryIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "welcome") }))
	t.Cleanup(server.Close)
	_, err := client(t, quick(server.URL)).Latest(t.Context(), "x")
	assert.ErrorContains(t, err, "is this its address?")
}

// guarded puts https and authentication before a registry.
func guarded(t *testing.T, target, authorization string) *httptest.Server {
	u, err := url.Parse(target)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: u.Scheme, Host: u.Host})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != authorization || r.Header.Get("X-Tenant") != "shop" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error_code":401,"message":"who are you?"}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	return server
}

func TestTheRegistryIsShownWhoAsks(t *testing.T) {
	real := testserver.Registry(t)
	path := strings.TrimPrefix(real.URL, "http://"+hostOf(t, real.URL))
	const basic = "Basic dXNlcjpwYXNz" // user:pass
	for name, c := range map[string]struct {
		authorization string
		properties    map[string]string
		userinfo      string
	}{
		"user info":  {basic, map[string]string{"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "user:pass"}, ""},
		"old name":   {basic, map[string]string{"basic.auth.credentials.source": "USER_INFO", "schema.registry.basic.auth.user.info": "user:pass"}, ""},
		"in the URL": {basic, nil, "user:pass@"},
		"bearer":     {"Bearer t0ken", map[string]string{"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "t0ken"}, ""},
		"wrong":      {"Basic other", nil, "user:pass@"},
	} {
		t.Run(name, func(t *testing.T) {
			server := guarded(t, real.URL, c.authorization)
			trusted := filepath.Join(t.TempDir(), "ca.pem")
			require.NoError(t, os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
			config := map[string]string{
				"value.converter.schema.registry.url":                     strings.Replace(server.URL, "https://", "https://"+c.userinfo, 1) + path,
				"value.converter.schema.registry.ssl.truststore.location": trusted,
				"value.converter.schema.registry.ssl.truststore.type":     "PEM",
				"value.converter.request.header.X-Tenant":                 "shop",
			}
			for k, v := range c.properties {
				config["value.converter."+k] = v
			}
			p := property.New(config)
			o := registry.FromProperties(p.Sub("value.converter."))
			require.NoError(t, p.Err())
			t.Cleanup(o.Client.Close)
			_, err := o.Client.Register(t.Context(), real.Topic(t)+"-value", record("a int"), false)
			if name == "wrong" {
				require.ErrorIs(t, err, registry.ErrDenied)
				assert.ErrorContains(t, err, "who are you?")
				assert.NotContains(t, err.Error(), "pass")
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestSubjectsAreCalledByTheirStrategy(t *testing.T) {
	for want, s := range map[string]registry.Strategy{"t-value": registry.TopicName, "a.R": registry.RecordName, "t-a.R": registry.TopicRecordName} {
		got, err := s.Subject("t", false, "a.R")
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	got, err := registry.TopicName.Subject("t", true, "")
	require.NoError(t, err)
	assert.Equal(t, "t-key", got)
	_, err = registry.RecordName.Subject("t", true, "")
	assert.ErrorContains(t, err, "TopicNameStrategy")
}

func TestWrongConfigurationsAreErrorsThatShowNoPassword(t *testing.T) {
	_, err := registry.New(registry.Config{})
	assert.ErrorContains(t, err, "no address")
	_, err = registry.New(registry.Config{URLs: []string{"registry:8081", "http://u:secret@", "https://u:secret@h:x"}, User: "u", Token: "t"})
	for _, word := range []string{`"registry:8081"`, `"http:"`, "no URL", "a user and a bearer's token"} {
		assert.ErrorContains(t, err, word)
	}
	assert.NotContains(t, err.Error(), "secret")
}

func TestWrongPropertiesAreErrors(t *testing.T) {
	for want, config := range map[string]map[string]string{
		"schema.registry.url":                         {},
		"has no meaning while schemas are registered": {"schema.registry.url": "http://h", "use.latest.version": "true"},
		"is not supported yet":                        {"schema.registry.url": "http://h", "basic.auth.credentials.source": "SASL_INHERIT"},
		"must be a user, a colon":                     {"schema.registry.url": "http://h", "basic.auth.credentials.source": "USER_INFO"},
		"key store of Java":                           {"schema.registry.url": "http://h", "schema.registry.ssl.truststore.location": "/x.jks"},
		"cannot be read":                              {"schema.registry.url": "http://h", "schema.registry.ssl.truststore.location": "/no/x.pem", "schema.registry.ssl.truststore.type": "PEM"},
		"TopicNameStrategy":                           {"schema.registry.url": "http://h", "value.subject.name.strategy": "com.example.Mine"},
		"must begin with http":                        {"schema.registry.url": "mock://h"},
	} {
		p := property.New(config)
		registry.FromProperties(p.Sub(""))
		assert.ErrorContains(t, p.Err(), want)
	}
}

func hostOf(t *testing.T, address string) string {
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

// through is an address of the registry by way of a proxy.
func through(t *testing.T, address, proxy string) string {
	return strings.Replace(address, hostOf(t, address), proxy, 1)
}

func ExampleStrategy() {
	for _, s := range []registry.Strategy{registry.TopicName, registry.RecordName, registry.TopicRecordName} {
		subject, _ := s.Subject("shop.orders", false, "shop.orders.Envelope")
		fmt.Println(subject)
	}
	// Output:
	// shop.orders-value
	// shop.orders.Envelope
	// shop.orders-shop.orders.Envelope
}
