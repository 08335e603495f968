package kafkawire

import (
	"crypto/tls"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Why properties of Java's clients have no meaning here.
const (
	NoJava = "it is a matter of Java"
	GoOS   = "Go and the operating system see to it"
)

// ConnectionProperties is the table of the properties of Java's clients that tell
// how to connect.
func ConnectionProperties() property.Table {
	return property.Table{
		{Key: "bootstrap.servers", Type: property.List, Doc: "Some of the cluster's brokers, as host:port; the others are learnt from them."},
		{Key: "client.id", Default: "tailrace", Doc: "What the brokers' logs and quotas call this program."},
		{Key: "security.protocol", Type: property.Enum, Default: "PLAINTEXT", Values: []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"},
			Doc: "Whether connections are encrypted, and whether they are authenticated."},
		{Key: "sasl.mechanism", Type: property.Enum, Default: "GSSAPI", Values: []string{"GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, Later: []string{"OAUTHBEARER"},
			Doc: "How to authenticate. GSSAPI, the Java clients' default, is not supported yet where security.protocol asks for it."},
		{Key: "sasl.jaas.config", Type: property.Password, Doc: "User and password, as options of Java's PlainLoginModule or ScramLoginModule."},
		{Key: "ssl.truststore.type", Type: property.Enum, Default: "JKS", Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"},
			Doc: "The form of the trusted certificates: PEM. JKS, the Java clients' default, is not supported yet where there are such."},
		{Key: "ssl.truststore.location", Doc: "The file of the trusted certificates. By default those of the system are."},
		{Key: "ssl.truststore.certificates", Type: property.Password, Doc: "The trusted certificates themselves, in the form of PEM."},
		{Key: "ssl.keystore.type", Type: property.Enum, Default: "JKS", Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"},
			Doc: "The form of the client's own key and certificate: PEM. JKS, the Java clients' default, is not supported yet where there is such."},
		{Key: "ssl.keystore.location", Doc: "The file of the client's own key and certificate chain."},
		{Key: "ssl.keystore.key", Type: property.Password, Doc: "The client's own key itself, in the form of PEM."},
		{Key: "ssl.keystore.certificate.chain", Type: property.Password, Doc: "The client's own certificate chain itself, in the form of PEM."},
		{Key: "ssl.key.password", Type: property.Password, Unsupported: "keys that are encrypted; decrypt it by openssl pkey", Doc: "The password of the client's own key."},
		{Key: "ssl.truststore.password", Type: property.Password, Ignored: "PEM has no password", Doc: "The password of the trusted certificates."},
		{Key: "ssl.keystore.password", Type: property.Password, Ignored: "PEM has no password but that of the key", Doc: "The password of the client's own key store."},
		{Key: "ssl.endpoint.identification.algorithm", Default: "https", Doc: "Whether a broker's certificate must be for its host: https, or empty where it need not."},
		{Key: "ssl.*", Ignored: GoOS, Doc: "Details of Java's encryption."},
		{Key: "sasl.*", Ignored: NoJava, Doc: "Details of Java's authentication."},
	}
}

// Properties are the two parts of a configuration that a client's properties are
// in: its own, such as those under "producer.", and those without a prefix.
type Properties struct {
	Own, Flat *property.Set
	Common    property.Table // what Flat may have
}

// Of gives the part that a key is to be taken from.
func (r Properties) Of(key string) *property.Set {
	if r.Own.Has(key) || !slices.ContainsFunc(r.Common, func(p property.Property) bool { return p.Key == key }) {
		return r.Own
	}
	return r.Flat
}

// Millis gives a time in milliseconds.
func (r Properties) Millis(key string) time.Duration { return r.Of(key).Millis(key) }

// Settings reads how to connect. What is wrong is left in the sets.
func (r Properties) Settings() Settings {
	s := r.Security()
	s.Brokers = brokers(r.Of("bootstrap.servers").List("bootstrap.servers"))
	if len(s.Brokers) == 0 {
		r.Flat.Errorf("bootstrap.servers", "is required and missing: some of the cluster's brokers, as host:port")
	}
	return s
}

// Security reads how to connect but for the brokers.
func (r Properties) Security() Settings {
	s := Settings{ClientID: r.Of("client.id").String("client.id")}
	protocol := r.Of("security.protocol").Enum("security.protocol")
	if strings.HasSuffix(protocol, "SSL") {
		s.TLS = r.tls()
	}
	if strings.HasPrefix(protocol, "SASL") {
		s.SASL = r.sasl()
	}
	return s
}

// brokers leaves the protocols away that Java allows before an address.
func brokers(list []string) []string {
	for i, b := range list {
		if _, addr, ok := strings.Cut(b, "://"); ok {
			list[i] = addr
		}
	}
	return list
}

// tls reads the properties of encryption.
func (r Properties) tls() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem := r.pem("ssl.truststore", "ssl.truststore.certificates"); pem != nil {
		roots, err := certificates(pem)
		if err != nil {
			key := r.source("ssl.truststore.certificates", "ssl.truststore.location")
			r.Of(key).Errorf(key, "%w", err)
		}
		config.RootCAs = roots
	}
	chain := r.pem("ssl.keystore", "ssl.keystore.certificate.chain")
	key := chain
	if r.Of("ssl.keystore.key").Has("ssl.keystore.key") {
		key = []byte(r.Of("ssl.keystore.key").Password("ssl.keystore.key"))
	}
	if chain != nil {
		own, err := tls.X509KeyPair(chain, key)
		if err != nil {
			name := r.source("ssl.keystore.certificate.chain", "ssl.keystore.location")
			r.Of(name).Errorf(name, "has no certificate chain with the key to it: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	if r.Of("ssl.endpoint.identification.algorithm").String("ssl.endpoint.identification.algorithm") == "" {
		acceptAnyHost(config)
	}
	return config
}

// source gives the first of the keys that the configuration has.
func (r Properties) source(keys ...string) string {
	for _, k := range keys {
		if r.Of(k).Has(k) {
			return k
		}
	}
	return keys[0]
}
