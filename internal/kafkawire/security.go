package kafkawire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// pem gives what a store holds: the text of a property, or of the file that is
// named. nil where there is neither.
func (r Properties) pem(store, inline string) []byte {
	if at := r.Of(inline); at.Has(inline) {
		return []byte(at.Password(inline))
	}
	key := store + ".location"
	at := r.Of(key)
	if !at.Has(key) {
		return nil
	}
	if kind := store + ".type"; r.Of(kind).Enum(kind) != "PEM" {
		at.Errorf(key, "is a key store of Java, which is not supported yet: turn it into PEM, by keytool and openssl, and set %s=PEM", kind)
		return nil
	}
	text, err := os.ReadFile(at.String(key))
	if err != nil {
		at.Errorf(key, "cannot be read: %w", err)
		return nil
	}
	return text
}

func certificates(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("has no certificate in the form of PEM")
	}
	return pool, nil
}

// acceptAnyHost makes a configuration check that a certificate is trusted, and
// not whose it is.
func acceptAnyHost(config *tls.Config) {
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(s tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
		for _, c := range s.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(options)
		return err
	}
}

// sasl reads the properties of authentication.
func (r Properties) sasl() sasl.Mechanism {
	const nameKey, key = "sasl.mechanism", "sasl.jaas.config"
	name := r.Of(nameKey).Enum(nameKey)
	at := r.Of(key)
	if name == "GSSAPI" {
		r.Of(nameKey).Errorf(nameKey, "GSSAPI is not supported yet; use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		return nil
	}
	if !at.Has(key) {
		at.Errorf(key, "is required and missing: user and password for %s", name)
		return nil
	}
	m, err := mechanismOf(name, at.Password(key))
	if err != nil {
		at.Errorf(key, "%w", err)
		return nil
	}
	return m
}

// mechanismOf makes a mechanism of a line of Java's login configuration. Its
// errors show nothing of the line but the name of the module.
func mechanismOf(name, jaas string) (sasl.Mechanism, error) {
	module, options, err := parseJAAS(jaas)
	if err != nil {
		return nil, err
	}
	want := "org.apache.kafka.common.security.plain.PlainLoginModule"
	if name != "PLAIN" {
		want = "org.apache.kafka.common.security.scram.ScramLoginModule"
	}
	if module != want {
		return nil, fmt.Errorf("must begin with %s, as sasl.mechanism is %s", want, name)
	}
	user, password := options["username"], options["password"]
	if user == "" || password == "" {
		return nil, errors.New("must have username and password among its options")
	}
	switch name {
	case "PLAIN":
		return plain.Mechanism{Username: user, Password: password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, user, password)
	default:
		return scram.Mechanism(scram.SHA512, user, password)
	}
}

// parseJAAS reads one entry of a login configuration: a module, a flag and
// options, which end in a semicolon.
func parseJAAS(text string) (module string, options map[string]string, err error) {
	s := jaasScanner{text: text}
	module, flag := s.word(), s.word()
	if module == "" || s.bad {
		return "", nil, errors.New("must be of the form: MODULE required username=\"…\" password=\"…\";")
	}
	switch strings.ToLower(flag) {
	case "required", "requisite", "sufficient", "optional":
	default:
		return "", nil, errors.New("must have required behind the module")
	}
	options = make(map[string]string)
	for !s.take(';') {
		name := s.word()
		if name == "" || !s.take('=') {
			return "", nil, errors.New("must be options of the form name=\"value\" behind the flag, and a semicolon at the end")
		}
		options[name] = s.word()
		if s.bad {
			return "", nil, errors.New("has an option whose quotation mark is not closed, or that has no value")
		}
	}
	if s.space(); s.text != "" {
		return "", nil, errors.New("must end with the first semicolon")
	}
	return module, options, nil
}

// jaasScanner cuts words off a text, as Java's StreamTokenizer does.
type jaasScanner struct {
	text string
	bad  bool // a word was missing or not closed
}

func (s *jaasScanner) space() { s.text = strings.TrimLeft(s.text, " \t\r\n") }

func (s *jaasScanner) take(c byte) bool {
	s.space()
	if s.text == "" || s.text[0] != c {
		return false
	}
	s.text = s.text[1:]
	return true
}

func (s *jaasScanner) word() string {
	s.space()
	if s.text != "" && (s.text[0] == '"' || s.text[0] == '\'') {
		return s.quoted()
	}
	end := strings.IndexAny(s.text, " \t\r\n=;\"'")
	if end < 0 {
		end = len(s.text)
	}
	word := s.text[:end]
	s.text = s.text[end:]
	s.bad = s.bad || word == ""
	return word
}

func (s *jaasScanner) quoted() string {
	mark := s.text[0]
	var word strings.Builder
	for i := 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == mark:
			s.text = s.text[i+1:]
			return word.String()
		case c == '\\' && i+1 < len(s.text):
			i++
			word.WriteByte(unescape(s.text[i]))
		default:
			word.WriteByte(c)
		}
	}
	s.text, s.bad = "", true
	return ""
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return c
}
