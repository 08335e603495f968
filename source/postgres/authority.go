package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// verifyAuthority checks who signed the server's certificate, and not for which
// host.
func verifyAuthority(config *tls.Config) func(tls.ConnectionState) error {
	roots := config.RootCAs
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server shows no certificate")
		}
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, certificate := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}
