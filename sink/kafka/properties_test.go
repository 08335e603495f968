package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func parse(t testing.TB, text string) (Sink, *property.Set) {
	t.Helper()
	config, err := property.Parse([]byte(text))
	require.NoError(t, err)
	p := property.New(config)
	return FromProperties(p), p
}

func TestTheTablesAreInOrder(t *testing.T) {
	assert.NoError(t, Properties().Verify())
	assert.NoError(t, TopicCreationProperties().Verify())
}

func TestDefaultsOfPropertiesAreThoseOfTheZeroValue(t *testing.T) {
	got, p := parse(t, "bootstrap.servers=a:1")
	require.NoError(t, p.Err())
	want := Sink{Brokers: []string{"a:1"}}.withDefaults()
	assert.Equal(t, want.ClientID, got.ClientID)
	assert.Equal(t, want.MaxRequestBytes, got.MaxRequestBytes)
	assert.Equal(t, want.ConnectTimeout, got.ConnectTimeout)
	assert.Equal(t, want.RequestTimeout, got.RequestTimeout)
	assert.Equal(t, want.DeliveryTimeout, got.DeliveryTimeout)
	assert.Equal(t, want.MetadataMaxAge, got.MetadataMaxAge)
	assert.Equal(t, Sink{}.Compression, got.Compression)
	assert.Nil(t, got.TLS)
	assert.Nil(t, got.SASL)
	assert.Equal(t, TopicCreation{}, got.TopicCreation)
}

func TestAProducersPropertiesAreTaken(t *testing.T) {
	s, p := parse(t, `
bootstrap.servers=PLAINTEXT://a:1, b:2
client.id=shop
compression.type=zstd
acks=1
linger.ms=50
batch.size=200000
max.request.size=2000000
request.timeout.ms=1000
delivery.timeout.ms=2000
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="p\\"w;d";
`)
	require.NoError(t, p.Err())
	assert.Equal(t, []string{"a:1", "b:2"}, s.Brokers)
	assert.Equal(t, "shop", s.ClientID)
	assert.Equal(t, Zstd, s.Compression)
	assert.Equal(t, 2_000_000, s.MaxRequestBytes)
	assert.Equal(t, time.Second, s.RequestTimeout)
	assert.Equal(t, 2*time.Second, s.DeliveryTimeout)
	assert.Equal(t, plain.Mechanism{Username: "ann", Password: `p"w;d`}, s.SASL)
	assert.Nil(t, s.TLS)
	assert.Equal(t, []string{
		"acks has no effect: records count as written when all in-sync replicas have them",
		"batch.size has no effect: " + asGiven, "linger.ms has no effect: " + asGiven,
	}, p.Notes())
}

func TestAConnectorsPropertiesComeBeforeTheWorkers(t *testing.T) {
	s, p := parse(t, `
bootstrap.servers=a:1
client.id=worker
producer.client.id=producer
producer.compression.type=lz4
producer.override.compression.type=gzip
producer.bootstrap.servers=b:2
`)
	require.NoError(t, p.Err())
	assert.Equal(t, []string{"b:2"}, s.Brokers)
	assert.Equal(t, "producer", s.ClientID)
	assert.Equal(t, Gzip, s.Compression)
}

func TestASinkConnectorsOwnPropertiesAreNotTheProducers(t *testing.T) {
	s, p := parse(t, "bootstrap.servers=a:1\ntopics=x\nbatch.size=3000\nmax.request.size=no\nproducer.max.request.size=9000")
	assert.Equal(t, 9000, s.MaxRequestBytes)
	assert.Empty(t, p.Notes())
	assert.ErrorContains(t, p.Err(), "batch.size: no such property") // for its connector to take
}

func TestTopicsAreCreatedAsConnectDoes(t *testing.T) {
	s, p := parse(t, `
bootstrap.servers=a:1
topic.creation.default.partitions=3
topic.creation.default.replication.factor=-1
topic.creation.default.cleanup.policy=compact
topic.creation.groups=wide,other
topic.creation.wide.include=shop\\.orders.*, shop\\.items
topic.creation.wide.exclude=shop\\.orders_old
topic.creation.wide.partitions=12
topic.creation.other.include=.*_log
topic.creation.other.retention.ms=1000
topic.creation.forgotten.partitions=1
`)
	require.NoError(t, p.Err())
	c := s.TopicCreation
	assert.True(t, c.Enable)
	assert.Equal(t, TopicSettings{Partitions: 3, ReplicationFactor: -1, Configs: map[string]string{"cleanup.policy": "compact"}}, c.settings("any"))
	assert.Equal(t, TopicSettings{Partitions: 12, ReplicationFactor: -1}, c.settings("shop.orders2"))
	assert.Equal(t, TopicSettings{Partitions: 12, ReplicationFactor: -1}, c.settings("shop.items"))
	assert.Equal(t, 3, c.settings("shop.orders_old").Partitions)
	assert.Equal(t, 3, c.settings("SHOP.items").Partitions)
	assert.Equal(t, TopicSettings{Partitions: 3, ReplicationFactor: -1, Configs: map[string]string{"retention.ms": "1000"}}, c.settings("a_log"))
	assert.Equal(t, []string{"topic.creation.forgotten.partitions has no effect: topic.creation.groups does not name the group forgotten"}, p.Notes())

	s, p = parse(t, "bootstrap.servers=a:1\ntopic.creation.enable=false\ntopic.creation.default.partitions=3")
	require.NoError(t, p.Err())
	assert.False(t, s.TopicCreation.Enable)
}

func TestAllThatIsWrongWithThePropertiesIsSaidAtOnce(t *testing.T) {
	_, p := parse(t, `
acks=some
client.idd=x
compression.type=zip
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="hunter2";
ssl.truststore.location=/no/such.jks
ssl.keystore.type=PEM
ssl.keystore.location=/no/such.pem
ssl.key.password=hunter2
partitioner.ignore.keys=true
topic.creation.groups=a,b
topic.creation.b.include=(
`)
	err := p.Err()
	require.Error(t, err)
	for _, says := range []string{
		"bootstrap.servers: is required and missing",
		`acks: "some" must be one of all, -1, 1, 0`,
		"client.idd: no such property; did you mean client.id?",
		`compression.type: "zip" must be one of none, gzip, snappy, lz4, zstd`,
		"sasl.jaas.config: must begin with org.apache.kafka.common.security.scram.ScramLoginModule, as sasl.mechanism is SCRAM-SHA-512",
		"ssl.truststore.location: is a key store of Java, which is not supported yet: turn it into PEM",
		"ssl.keystore.location: cannot be read: open /no/such.pem",
		"ssl.key.password: is not supported yet",
		"partitioner.ignore.keys: is not supported yet",
		"topic.creation.a.include: is required and missing",
		"topic.creation.b.include: the regular expression",
	} {
		assert.ErrorContains(t, err, says)
	}
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestKerberosIsAnErrorWhereItIsAskedFor(t *testing.T) {
	_, p := parse(t, "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL")
	assert.ErrorContains(t, p.Err(), "sasl.mechanism: GSSAPI is not supported yet; use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
}

// pki makes a self-signed certificate for the local host, and its key, as PEM.
func pki(t testing.TB) (chain, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"elsewhere"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 2)},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	text := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return text("CERTIFICATE", der), text("PRIVATE KEY", pkcs8)
}

func TestEncryptionGoesByPEM(t *testing.T) {
	chain, key := pki(t)
	pair, err := tls.X509KeyPair([]byte(chain), []byte(key))
	require.NoError(t, err)
	own, err := x509.ParseCertificate(pair.Certificate[0])
	require.NoError(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(own)
	c := fake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}))

	file := filepath.Join(t.TempDir(), "own.pem")
	require.NoError(t, os.WriteFile(file, []byte(key+chain), 0o600))
	inline := func(s string) string { return strings.ReplaceAll(s, "\n", "\\n") }
	base := "bootstrap.servers=" + strings.Join(c.ListenAddrs(), ",") + "\nsecurity.protocol=SSL\n"
	files := base + "ssl.truststore.type=PEM\nssl.truststore.location=" + file + "\nssl.keystore.type=PEM\nssl.keystore.location=" + file + "\n"
	texts := base + "ssl.truststore.certificates=" + inline(chain) + "\nssl.keystore.key=" + inline(key) + "\nssl.keystore.certificate.chain=" + inline(chain) + "\n"
	for _, text := range []string{files, texts} {
		s, p := parse(t, text+"ssl.endpoint.identification.algorithm=")
		require.NoError(t, p.Err())
		w := open(t, s)
		require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))

		s, p = parse(t, text)
		require.NoError(t, p.Err())
		_, err := s.Open(t.Context())
		assert.ErrorContains(t, err, "certificate", "it is for another host")
	}
	s, p := parse(t, base+"ssl.endpoint.identification.algorithm=")
	require.NoError(t, p.Err())
	_, err = s.Open(t.Context())
	assert.ErrorContains(t, err, "certificate", "nobody that is trusted has signed it")
}
