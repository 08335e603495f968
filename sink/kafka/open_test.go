package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestAllThatIsWrongWithTheSettingsIsSaidAtOnce(t *testing.T) {
	_, err := Sink{
		Brokers: []string{"host", "a:1"}, Compression: 9, MaxBatchBytes: 10, MaxRequestBytes: 5, RequestTimeout: -1,
		TopicCreation: TopicCreation{TopicSettings: TopicSettings{Partitions: -2}},
	}.Open(t.Context())
	assert.EqualError(t, err, `kafka sink: the broker "host" is not of the form host:port
there is no compression(9); take None, Gzip, Snappy, LZ4 or Zstd
MaxBatchBytes, 10, is more than MaxRequestBytes, 5
ConnectTimeout, RequestTimeout, DeliveryTimeout or MetadataMaxAge is negative
TopicCreation: Partitions or ReplicationFactor is less than -1`)
	_, err = Sink{}.Open(t.Context())
	assert.EqualError(t, err, "kafka sink: Brokers is empty: name at least one broker as host:port")
}

// refused is an address where nothing listens.
func refused(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// serve answers each connection in its own way.
func serve(t testing.TB, answer func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go answer(c)
		}
	}()
	return l.Addr().String()
}

func TestOpenSaysWhatIsInTheWay(t *testing.T) {
	dead, dead2 := refused(t), refused(t)
	silent := serve(t, func(net.Conn) {})
	hangsUp := serve(t, func(c net.Conn) { c.Read(make([]byte, 1)); c.Close() })
	web := serve(t, func(c net.Conn) {
		c.Read(make([]byte, 100))
		c.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
		c.Close()
	})
	mysql := serve(t, func(c net.Conn) { c.Write([]byte("\x4a\x00\x00\x00\x0a9.7.0\x00\x08\x00\x00\x00")) })
	for _, c := range []struct {
		name    string
		brokers []string
		says    []string
	}{
		{"a dead broker", []string{dead}, []string{"kafka sink: connect to " + dead + ": ", "connection refused"}},
		{"some dead brokers", []string{dead, dead2}, []string{"kafka sink: none of the brokers answers: ", "connect to " + dead2 + ": ", "; "}},
		{"a host without a name", []string{"no.such.host.invalid:9092"}, []string{"connect to no.such.host.invalid:9092: "}},
		{"a server that says nothing", []string{silent}, []string{"connect to " + silent, "no answer within 200ms"}},
		{"a server that hangs up", []string{hangsUp}, []string{"connect to " + hangsUp, "the connection was closed before the answer", "it may want TLS"}},
		{"a web server", []string{web}, []string{"connect to " + web, "what listens there does not answer as a Kafka broker does"}},
		{"a MySQL server", []string{mysql}, []string{"connect to " + mysql, "what listens there does not answer as a Kafka broker does"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := Sink{Brokers: c.brokers, ConnectTimeout: 200 * time.Millisecond}.Open(t.Context())
			for _, says := range c.says {
				assert.ErrorContains(t, err, says)
			}
			assert.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

func TestOneBrokerThatAnswersIsEnough(t *testing.T) {
	c := fake(t)
	for range 5 { // the order in which they are tried is random
		w := open(t, Sink{Brokers: []string{refused(t), c.ListenAddrs()[1], refused(t)}})
		require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	}
}

func TestOpenSaysThatTheAdvertisedAddressIsInTheWay(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	addr := c.ListenAddrs()[0]
	behind := serve(t, func(near net.Conn) {
		far, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		go func() { buf := make([]byte, 1<<16); pipe(near, far, buf) }()
		pipe(far, near, make([]byte, 1<<16))
	})
	dial := func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == addr {
			to = refused(t)
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}
	_, err := Sink{Brokers: []string{behind}, Dial: dial}.Open(t.Context())
	assert.ErrorContains(t, err, "kafka sink: obtain a producer id: connect to broker 0 at "+addr+" (the address is the one that the broker advertises): ")
}

func pipe(to, from net.Conn, buf []byte) {
	for {
		n, err := from.Read(buf)
		if err != nil {
			to.Close()
			return
		}
		to.Write(buf[:n])
	}
}

func TestOpenIsBoundByItsContext(t *testing.T) {
	silent := serve(t, func(net.Conn) {})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Sink{Brokers: []string{silent}}.Open(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, silent)
}

func mechanism(t testing.TB, algorithm scram.Algorithm, user, password string) sasl.Mechanism {
	m, err := scram.Mechanism(algorithm, user, password)
	require.NoError(t, err)
	return m
}

func TestOpenAuthenticates(t *testing.T) {
	c := fake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", "secret"),
		kfake.Superuser("SCRAM-SHA-256", "ben", "secret"), kfake.Superuser("SCRAM-SHA-512", "cat", "secret"))
	for _, m := range []sasl.Mechanism{
		plain.Mechanism{Username: "ann", Password: "secret"},
		mechanism(t, scram.SHA256, "ben", "secret"), mechanism(t, scram.SHA512, "cat", "secret"),
	} {
		w := open(t, Sink{Brokers: c.ListenAddrs(), SASL: m})
		require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)), m.Name())
	}
	for _, m := range []sasl.Mechanism{
		plain.Mechanism{Username: "ann", Password: "hunter2"},
		mechanism(t, scram.SHA256, "ben", "hunter2"), mechanism(t, scram.SHA512, "cat", "hunter2"),
	} {
		_, err := Sink{Brokers: c.ListenAddrs()[:1], SASL: m}.Open(t.Context())
		assert.ErrorContains(t, err, "kafka sink: connect to "+c.ListenAddrs()[0]+": authenticate by "+m.Name()+": ")
		assert.NotContains(t, err.Error(), "hunter2")
	}
	_, err := Sink{Brokers: c.ListenAddrs()[:1]}.Open(t.Context())
	assert.ErrorContains(t, err, "the broker may want SASL")
}

func TestOpenEncrypts(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	require.NoError(t, err)
	cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	c := fake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}))
	roots := x509.NewCertPool()
	roots.AddCert(cert)

	w := open(t, Sink{Brokers: c.ListenAddrs(), TLS: &tls.Config{RootCAs: roots}})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 1000)))

	one := c.ListenAddrs()[:1]
	_, err = Sink{Brokers: one, TLS: &tls.Config{}}.Open(t.Context())
	assert.ErrorContains(t, err, "connect to "+one[0]+": TLS: ")
	assert.ErrorContains(t, err, "certificate")
	_, err = Sink{Brokers: one}.Open(t.Context())
	assert.ErrorContains(t, err, "connect to "+one[0])
	assert.ErrorContains(t, err, "it may want TLS")
	_, err = Sink{Brokers: fake(t).ListenAddrs()[:1], TLS: &tls.Config{}, ConnectTimeout: time.Second}.Open(t.Context())
	assert.ErrorContains(t, err, ": TLS: ")
}

func TestOpenNeedsAProducerId(t *testing.T) {
	c := fake(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, TopLevel: true, Err: kerr.CoordinatorLoadInProgress, Count: 2})
	open(t, Sink{Brokers: c.ListenAddrs()})
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, TopLevel: true, Err: kerr.ClusterAuthorizationFailed})
	_, err := Sink{Brokers: c.ListenAddrs()}.Open(t.Context())
	assert.ErrorContains(t, err, "kafka sink: obtain a producer id: [31]")
	assert.ErrorContains(t, err, "allow the user IdempotentWrite on the cluster")
}
