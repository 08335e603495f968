package registry

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Config says where the registry is and how to speak to it.
type Config struct {
	// URLs are the addresses of one registry, where its protocol begins, as in
	// "https://registry:8081". The one that answered last is asked first. A user
	// and password in an address are sent to it as basic authentication.
	// Connect: schema.registry.url.
	URLs []string

	// User and Password are sent to every address as basic authentication.
	// Connect: basic.auth.user.info.
	User, Password string

	// Token is sent as a bearer's token, in the place of a user.
	// Connect: bearer.auth.token.
	Token string

	// Headers are sent with every request.
	// Connect: request.header.<name>.
	Headers map[string]string

	// TLS says what https trusts and shows; the system's authorities when nil.
	// Connect: schema.registry.ssl.*.
	TLS *tls.Config

	// Timeout bounds one request, connecting included; 60 s unless positive.
	// Connect: http.read.timeout.ms.
	Timeout time.Duration

	// Retries is how often a request that failed for a reason that may pass is
	// made again, at every address; 3 when zero, none when negative.
	// Connect: max.retries.
	Retries int

	// Wait is the time before the first repetition, which doubles with each up
	// to MaxWait; 1 s and 20 s unless positive.
	// Connect: retries.wait.ms and retries.max.wait.ms.
	Wait, MaxWait time.Duration

	// CacheSize bounds how many schemas are kept of each sort; 1000 unless
	// positive.
	// Connect: max.schemas.per.subject.
	CacheSize int
}

// Client speaks to one registry. Any number of goroutines may use one.
type Client struct {
	config Config
	http   *http.Client
	nodes  []node
	first  atomic.Uint32 // the node that answered last

	ids     cache[registration, int]
	schemas cache[int, Schema]
}

// node is one address of the registry.
type node struct {
	base           *url.URL // without user and password
	user, password string
}

const (
	defaultTimeout   = 60 * time.Second
	defaultRetries   = 3
	defaultWait      = time.Second
	defaultMaxWait   = 20 * time.Second
	defaultCacheSize = 1000

	maxAnswer   = 32 << 20 // bytes of an answer
	contentType = "application/vnd.schemaregistry.v1+json"
)

// New makes a client. It opens no connection; its error names everything that
// is wrong with the configuration, and shows no password.
func New(config Config) (*Client, error) {
	orElse := func(d *time.Duration, other time.Duration) {
		if *d <= 0 {
			*d = other
		}
	}
	orElse(&config.Timeout, defaultTimeout)
	orElse(&config.Wait, defaultWait)
	orElse(&config.MaxWait, defaultMaxWait)
	if config.Retries == 0 {
		config.Retries = defaultRetries
	}
	if config.CacheSize <= 0 {
		config.CacheSize = defaultCacheSize
	}
	c := &Client{config: config}
	c.ids.limit, c.schemas.limit = config.CacheSize, config.CacheSize
	var errs []error
	if len(config.URLs) == 0 {
		errs = append(errs, errors.New("there is no address of a schema registry: give at least one, as in http://registry:8081"))
	}
	for _, text := range config.URLs {
		n, err := parseNode(text)
		if err != nil {
			errs = append(errs, err)
		}
		c.nodes = append(c.nodes, n)
	}
	if config.User != "" && config.Token != "" {
		errs = append(errs, errors.New("a user and a bearer's token cannot both be sent to a schema registry: give one of them"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.http = &http.Client{
		Timeout: config.Timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: config.TLS, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: config.Timeout,
		},
	}
	return c, nil
}

func parseNode(text string) (node, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return node{}, errors.New("an address of the schema registry is no URL; it must be as in http://registry:8081")
	}
	n := node{user: u.User.Username()}
	n.password, _ = u.User.Password()
	u.User = nil
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return node{}, fmt.Errorf("the address %q of the schema registry must begin with http:// or https:// and a host", u)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	n.base = u
	return n, nil
}

// Close lets go of connections that are open and idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call makes a request, again where that may help, and reads its answer into
// out. What says what is attempted, so that it fits behind "cannot".
func (c *Client) call(ctx context.Context, what, method, path string, query url.Values, in, out any) error {
	var body []byte
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("schema registry: cannot %s: %w", what, err)
		}
		body = b
	}
	wait := c.config.Wait
	for try := 0; ; try++ {
		err := c.round(ctx, method, path, query, body, out)
		if err == nil {
			return nil
		}
		if !passing(err) || try >= c.config.Retries || ctx.Err() != nil {
			return fmt.Errorf("schema registry: cannot %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("schema registry: cannot %s: %w", what, err)
		case <-time.After(wait):
		}
		wait = min(2*wait, c.config.MaxWait)
	}
}

// round asks one address after the other until one gives an answer that would
// be no other elsewhere.
func (c *Client) round(ctx context.Context, method, path string, query url.Values, body []byte, out any) error {
	var errs []error
	first := int(c.first.Load())
	for i := range c.nodes {
		at := (first + i) % len(c.nodes)
		err := c.ask(ctx, c.nodes[at], method, path, query, body, out)
		if err == nil || !passing(err) {
			c.first.Store(uint32(at))
			return err
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// ask makes one request to one address.
func (c *Client) ask(ctx context.Context, n node, method, path string, query url.Values, body []byte, out any) error {
	u := *n.base
	u.RawPath = u.EscapedPath() + path
	unescaped, err := url.PathUnescape(u.RawPath)
	if err != nil {
		return err
	}
	u.Path, u.RawQuery = unescaped, query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	c.head(request, n)
	response, err := c.http.Do(request)
	if err != nil {
		return &unreachable{err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return &unreachable{fmt.Errorf("%s %s: the answer breaks off: %w", method, u.Redacted(), err)}
	case len(answer) > maxAnswer:
		return fmt.Errorf("%s %s: the answer is longer than %d bytes", method, u.Redacted(), maxAnswer)
	case response.StatusCode != http.StatusOK:
		return refusal(method, u.Redacted(), response.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not the JSON of a schema registry, is this its address? %w", method, u.Redacted(), err)
	}
	return nil
}

func (c *Client) head(request *http.Request, n node) {
	request.Header.Set("Accept", contentType+", application/json")
	if request.Method != http.MethodGet {
		request.Header.Set("Content-Type", contentType)
	}
	for name, value := range c.config.Headers {
		request.Header.Set(name, value)
	}
	switch {
	case c.config.Token != "":
		request.Header.Set("Authorization", "Bearer "+c.config.Token)
	case c.config.User != "":
		request.SetBasicAuth(c.config.User, c.config.Password)
	case n.user != "":
		request.SetBasicAuth(n.user, n.password)
	}
}

func segment(id int) string { return strconv.Itoa(id) }
