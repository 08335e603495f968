package testserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The files of certificates in a PostgreSQL's data.
const (
	authority         = "ca.crt"
	serverCertificate = "server.crt"
	serverKey         = "server.key"
	clientCertificate = "client.crt"
	clientKey         = "client.key"
)

// Certified is the user of PostgreSQL that shows a certificate in place of a password. A test that wants it creates it.
const Certified = "certified"

// Certificates are files with what one connects to a server by TLS with.
type Certificates struct {
	Authority string // that signed the server's certificate, which is for 127.0.0.1 and localhost
	Client    string // the certificate of the user Certified
	ClientKey string
}

// Certificates returns the files of a server that was started for one test alone, with the option "ssl=on".
func (s *PostgresServer) Certificates(t testing.TB) Certificates {
	t.Helper()
	s.own(t)
	data := filepath.Join(s.process.dir, "data")
	return Certificates{filepath.Join(data, authority), filepath.Join(data, clientCertificate), filepath.Join(data, clientKey)}
}

// certify makes an authority, and certificates of a server and of the user Certified.
func certify(data string) error {
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	client := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: Certified},
		NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		of              *x509.Certificate
		file, fileOfKey string
	}{{issuer, authority, ""}, {server, serverCertificate, serverKey}, {client, clientCertificate, clientKey}} {
		own := key
		if c.fileOfKey != "" {
			if own, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
				return err
			}
		}
		der, err := x509.CreateCertificate(rand.Reader, c.of, issuer, own.Public(), key)
		if err != nil {
			return fmt.Errorf("make the certificate %s: %w", c.file, err)
		}
		if err := writePEM(filepath.Join(data, c.file), "CERTIFICATE", der); err != nil {
			return err
		}
		if c.fileOfKey == "" {
			continue
		}
		if der, err = x509.MarshalPKCS8PrivateKey(own); err != nil {
			return err
		}
		if err := writePEM(filepath.Join(data, c.fileOfKey), "PRIVATE KEY", der); err != nil {
			return err
		}
	}
	return nil
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// allowCertified puts the rule of the user Certified before the others, for databases and for replication.
func allowCertified(path string) error {
	rules, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	first := "hostssl all,replication " + Certified + " all cert\n"
	return os.WriteFile(path, append([]byte(first), rules...), 0o600)
}

// Certify gives a MySQL server that was started for one test alone a certificate for 127.0.0.1 and localhost, and returns the file of
// the authority that signed it.
func (s *MySQLServer) Certify(t testing.TB) string {
	t.Helper()
	s.own(t)
	data := filepath.Join(s.process.dir, "data")
	if err := errors.Join(certify(data), own(data)); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "SET GLOBAL ssl_ca='"+authority+"'", "SET GLOBAL ssl_cert='"+serverCertificate+"'", "SET GLOBAL ssl_key='"+serverKey+"'",
		"ALTER INSTANCE RELOAD TLS")
	return filepath.Join(data, authority)
}
