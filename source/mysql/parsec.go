package mysql

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"
)

// parsec is the network side of a connection whose user logs in by MariaDB's
// plugin parsec, which the client library does not know. It stands between the
// library, which believes to be let in at once and without TLS, and the server:
// it encrypts the connection where it has a configuration for that, answers the
// plugin, and counts the packets that the library does not see. With the first
// command it steps aside.
//
// The plugin is described in MariaDB's documentation as "Authentication Plugin -
// PARSEC".
type parsec struct {
	net.Conn
	password string
	tls      *tls.Config // nil for none
	upper    net.Conn    // Conn, or TLS over it

	packet    []byte // that came and was not read to its end
	shift     uint8  // how many packets the server has counted more than the library
	responded bool   // the library has answered the greeting
	in        bool   // the login is over
}

// asksParsec says whether a login failed because the server asked for parsec.
func asksParsec(err error) bool {
	return strings.Contains(err.Error(), "auth plugin 'parsec'")
}

// Read gives the library the packets that it can understand.
func (p *parsec) Read(b []byte) (int, error) {
	if p.in {
		return p.upper.Read(b)
	}
	if len(p.packet) == 0 {
		packet, err := readPacket(p.upper)
		if err != nil {
			return 0, err
		}
		if p.packet, err = p.answered(packet); err != nil {
			return 0, err
		}
		p.packet[3] -= p.shift
	}
	n := copy(b, p.packet)
	p.packet = p.packet[n:]
	return n, nil
}

// Write takes a packet of the library.
func (p *parsec) Write(b []byte) (int, error) {
	const header, number = 4, 3
	if p.in {
		return p.upper.Write(b)
	}
	if len(b) < header || b[number] == 0 {
		p.in = true
		return p.upper.Write(b)
	}
	packet := bytes.Clone(b)
	if !p.responded {
		p.responded = true
		if err := p.encrypt(packet); err != nil {
			return 0, err
		}
	}
	packet[number] += p.shift
	if _, err := p.upper.Write(packet); err != nil {
		return 0, err
	}
	return len(b), nil
}

// encrypt asks the server for TLS, where it is wanted, before the answer to the
// greeting is sent. The request is the beginning of that answer.
func (p *parsec) encrypt(response []byte) error {
	const request = 4 + 4 + 4 + 1 + 23 // header, capabilities, packet size, character set, filler
	if p.tls == nil {
		return nil
	}
	if len(response) < request {
		return errors.New("the answer to the server's greeting is too short")
	}
	capabilities := binary.LittleEndian.Uint32(response[4:])
	binary.LittleEndian.PutUint32(response[4:], capabilities|gomysql.CLIENT_SSL)
	if _, err := p.upper.Write(packetOf(response[3], response[4:request])); err != nil {
		return err
	}
	encrypted := tls.Client(p.Conn, p.tls)
	if err := encrypted.HandshakeContext(context.Background()); err != nil { // the deadline is the connection's
		return err
	}
	p.upper, p.shift = encrypted, p.shift+1
	return nil
}

// answered gives the packet that follows where the plugin asked and was
// answered, and other packets as they are.
func (p *parsec) answered(packet []byte) ([]byte, error) {
	scramble, ok := bytes.CutPrefix(packet[4:], []byte("\xfeparsec\x00"))
	if !ok || !p.responded {
		return packet, nil
	}
	number := packet[3]
	if _, err := p.upper.Write(packetOf(number+1, nil)); err != nil { // the salt is asked for
		return nil, err
	}
	salt, err := readPacket(p.upper)
	if err != nil || salt[4] == gomysql.ERR_HEADER {
		p.shift += 2
		return salt, err
	}
	proof, err := parsecProof(p.password, scramble, salt[4:])
	if err != nil {
		return nil, err
	}
	if _, err := p.upper.Write(packetOf(number+3, proof)); err != nil {
		return nil, err
	}
	p.shift += 4
	return readPacket(p.upper)
}

// parsecProof proves that one knows the password: it signs what the server drew
// and what is drawn here with a key that is derived from the password.
func parsecProof(password string, scramble, salt []byte) ([]byte, error) {
	const length, more, method, rounds = 32, 1, 'P', 1024
	salt, _ = bytes.CutPrefix(salt, []byte{more})
	scramble = scramble[:min(len(scramble), length)]
	if len(scramble) < length || len(salt) < 3 || salt[0] != method || salt[1] > 3 {
		return nil, errors.New("the server's auth plugin parsec speaks another version of its protocol: choose another plugin for the user, as in IDENTIFIED VIA ed25519")
	}
	seed, err := pbkdf2.Key(sha512.New, password, salt[2:], rounds<<salt[1], ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	var drawn [length]byte
	rand.Read(drawn[:])
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(seed), append(bytes.Clone(scramble), drawn[:]...))
	return append(drawn[:], signature...), nil
}

// packetOf is a packet of the protocol with its number.
func packetOf(number uint8, payload []byte) []byte {
	n := len(payload)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), number}, payload...)
}

// readPacket reads a packet of a login, with its header.
func readPacket(r io.Reader) ([]byte, error) {
	header := make([]byte, 4)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	n := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	if n == 0 {
		return nil, fmt.Errorf("packet %d of the login is empty", header[3])
	}
	packet := append(header, make([]byte, n)...)
	_, err := io.ReadFull(r, packet[4:])
	return packet, err
}
