package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

const (
	urlKey      = "schema.registry.url"
	strategies  = "io.confluent.kafka.serializers.subject."
	ssl         = "schema.registry.ssl."
	headers     = "request.header.<name>"
	javaMatter  = "it is a matter of Java's client"
	onlyAutomat = "data contracts are not applied"
)

// Properties are those of Confluent's converters that are about the registry.
func Properties() property.Table {
	strategy := property.Property{
		Type: property.Enum, Default: "TopicNameStrategy",
		Values: []string{
			"TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy",
			strategies + "TopicNameStrategy", strategies + "RecordNameStrategy", strategies + "TopicRecordNameStrategy",
		},
	}
	key, value := strategy, strategy
	key.Key, key.Doc = "key.subject.name.strategy", "How the subjects of keys are called: by the topic, by the record, or by both."
	value.Key, value.Doc = "value.subject.name.strategy", "How the subjects of values are called: by the topic, by the record, or by both."
	return append(connectProperties(), property.Table{
		{Key: "auto.register.schemas", Type: property.Bool, Default: "true", Doc: "Whether schemas are registered when they are first written."},
		{Key: "use.latest.version", Type: property.Bool, Default: "false", Doc: "Whether data is written by the newest schema of its subject; auto.register.schemas must be false then."},
		{Key: "latest.compatibility.strict", Type: property.Bool, Default: "true", Doc: "With use.latest.version, whether a field that the newest schema has not is an error, rather than left out."},
		{Key: "normalize.schemas", Type: property.Bool, Default: "false", Doc: "Whether the registry takes texts that mean the same for the same schema."},
		{Key: "use.schema.id", Type: property.Int, Default: "-1", Doc: "The id of the schema by which everything is written; -1 for none."},
		key, value,
		{Key: "id.compatibility.strict", Type: property.Bool, Default: "true", Ignored: "the data must fit the schema in any case", Doc: "Whether the schema of use.schema.id must be compatible with the data's."},
		{Key: "max.schemas.per.subject", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "How many schemas are kept of those that the registry was asked for."},
		{Key: "use.latest.with.metadata", Unsupported: "metadata of schemas", Doc: "The metadata by which the schema is chosen."},
		{Key: "rule.*", Ignored: onlyAutomat, Doc: "Data contracts."},
		{Key: "latest.cache.*", Ignored: "the newest schema is read once", Doc: "How long the newest schema is kept."},
		{Key: "context.name.strategy", Unsupported: "contexts of subjects; name the context in schema.registry.url, as in https://registry/contexts/x", Doc: "The class that names the context of subjects."},
	}...)
}

// connectProperties are about where the registry is.
func connectProperties() property.Table {
	return property.Table{
		{Key: urlKey, Type: property.List, Required: true, Doc: "The addresses of the schema registry, with commas between them; the next is asked when one does not answer."},
		{Key: "basic.auth.credentials.source", Type: property.Enum, Default: "URL", Values: []string{"URL", "USER_INFO"}, Later: []string{"SASL_INHERIT"},
			Doc: "Where user and password are: in schema.registry.url, or in basic.auth.user.info."},
		{Key: "basic.auth.user.info", Type: property.Password, Doc: "The user and the password, with a colon between them."},
		{Key: "schema.registry.basic.auth.user.info", Type: property.Password, Doc: "The old name of basic.auth.user.info."},
		{Key: "bearer.auth.credentials.source", Type: property.Enum, Default: "STATIC_TOKEN", Values: []string{"STATIC_TOKEN"},
			Later: []string{"OAUTHBEARER", "SASL_OAUTHBEARER_INHERIT", "CUSTOM"}, Doc: "Where the bearer's token comes from: from bearer.auth.token."},
		{Key: "bearer.auth.token", Type: property.Password, Doc: "The token that is sent in the place of a user."},
		{Key: headers, Doc: "A header of HTTP that is sent with every request."},
		{Key: "max.retries", Type: property.Int, Default: "3", Check: property.AtLeast(0), Doc: "How often a request that failed for a reason that may pass is made again."},
		{Key: "retries.wait.ms", Type: property.Millis, Default: "1000", Check: property.AtLeast(1), Doc: "The time before the first repetition, which doubles with each."},
		{Key: "retries.max.wait.ms", Type: property.Millis, Default: "20000", Check: property.AtLeast(1), Doc: "The longest time between two repetitions."},
		{Key: "http.read.timeout.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(1), Doc: "How long one request may take."},
		{Key: "http.connect.timeout.ms", Ignored: "http.read.timeout.ms bounds the whole request", Doc: "How long connecting may take."},
		{Key: ssl + "truststore.location", Doc: "The file, in the form of PEM, of the certificates that are trusted. By default those of the system are."},
		{Key: ssl + "truststore.type", Default: "JKS", Type: property.Enum, Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"}, Doc: "The form of the file of trusted certificates: PEM. Java's own is not read."},
		{Key: ssl + "truststore.certificates", Type: property.Password, Doc: "The trusted certificates themselves, in the form of PEM."},
		{Key: ssl + "keystore.location", Doc: "The file, in the form of PEM, of the client's own key and certificate chain."},
		{Key: ssl + "keystore.type", Default: "JKS", Type: property.Enum, Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"}, Doc: "The form of the file of the client's own key: PEM. Java's own is not read."},
		{Key: ssl + "keystore.key", Type: property.Password, Doc: "The client's own key itself, in the form of PEM."},
		{Key: ssl + "keystore.certificate.chain", Type: property.Password, Doc: "The client's own certificate chain itself, in the form of PEM."},
		{Key: ssl + "endpoint.identification.algorithm", Ignored: "the certificate must be for the registry's host", Doc: "Whether the registry's certificate must be for its host."},
		{Key: ssl + "*", Ignored: javaMatter, Doc: "Details of Java's encryption."},
		{Key: "proxy.*", Ignored: "the environment names proxies, by HTTPS_PROXY and NO_PROXY", Doc: "The proxy between here and the registry."},
	}
}

// FromProperties reads the options of a converter, of which p is the part:
// "key.converter." for keys.
func FromProperties(p *property.Set) Options {
	p.Use(Properties())
	o := Options{
		Key:        strings.HasPrefix(p.Prefix(), "key.converter."),
		NoRegister: !p.Bool("auto.register.schemas"),
		Normalize:  p.Bool("normalize.schemas"),
		UseLatest:  p.Bool("use.latest.version"),
		LaxLatest:  !p.Bool("latest.compatibility.strict"),
		UseID:      max(0, p.Int("use.schema.id")),
	}
	strategy := p.Enum("value.subject.name.strategy")
	if o.Key {
		strategy = p.Enum("key.subject.name.strategy")
	}
	switch strings.TrimPrefix(strategy, strategies) {
	case "RecordNameStrategy":
		o.Subject = RecordName
	case "TopicRecordNameStrategy":
		o.Subject = TopicRecordName
	}
	if o.UseLatest && !o.NoRegister {
		p.Errorf("use.latest.version", "has no meaning while schemas are registered; set auto.register.schemas=false beside it")
	}
	config := configOf(p)
	if len(config.URLs) == 0 {
		return o // which the table has said
	}
	client, err := New(config)
	if err != nil {
		p.Errorf(urlKey, "%w", err)
	}
	o.Client = client
	return o
}

func configOf(p *property.Set) Config {
	c := Config{
		URLs:      p.List(urlKey),
		Token:     p.Password("bearer.auth.token"),
		Timeout:   p.Millis("http.read.timeout.ms"),
		Retries:   p.Int("max.retries"),
		Wait:      p.Millis("retries.wait.ms"),
		MaxWait:   p.Millis("retries.max.wait.ms"),
		CacheSize: p.Int("max.schemas.per.subject"),
		Headers:   make(map[string]string),
		TLS:       tlsOf(p),
	}
	if c.Retries == 0 {
		c.Retries = -1
	}
	for _, m := range p.Matches(headers) {
		c.Headers[m.Args[0]] = p.String(m.Key)
	}
	info, key := p.Password("basic.auth.user.info"), "basic.auth.user.info"
	if info == "" {
		key = "schema.registry." + key
		info = p.Password(key)
	}
	if p.Enum("basic.auth.credentials.source") != "USER_INFO" {
		return c
	}
	user, password, ok := strings.Cut(info, ":")
	if !ok {
		p.Errorf(key, "must be a user, a colon and a password, as basic.auth.credentials.source is USER_INFO")
	}
	c.User, c.Password = user, password
	return c
}

// tlsOf reads what https trusts and shows; nil for the system's.
func tlsOf(p *property.Set) *tls.Config {
	trusted := pemOf(p, "truststore", "truststore.certificates")
	chain := pemOf(p, "keystore", "keystore.certificate.chain")
	if trusted == nil && chain == nil {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if trusted != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(trusted) {
			p.Errorf(ssl+"truststore.location", "%w", errors.New("has no certificate in the form of PEM"))
		}
	}
	if chain == nil {
		return config
	}
	key := chain
	if text := p.Password(ssl + "keystore.key"); text != "" {
		key = []byte(text)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		p.Errorf(ssl+"keystore.location", "has no certificate with its key in the form of PEM: %w", err)
		return config
	}
	config.Certificates = []tls.Certificate{pair}
	return config
}

// pemOf gives what a store holds: the text of a property, or of the file that is
// named. Nil where there is neither.
func pemOf(p *property.Set, store, inline string) []byte {
	if text := p.Password(ssl + inline); text != "" {
		return []byte(text)
	}
	key := ssl + store + ".location"
	file := p.String(key)
	if file == "" {
		return nil
	}
	if kind := ssl + store + ".type"; p.Enum(kind) != "PEM" {
		p.Errorf(key, "is a key store of Java, which is not supported yet: turn it into PEM, by keytool and openssl, and set %s=PEM", kind)
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		p.Errorf(key, "cannot be read: %w", err)
		return nil
	}
	return text
}
