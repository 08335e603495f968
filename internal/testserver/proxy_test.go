package testserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestProxyCarries(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	sent := bytes.Repeat([]byte("0123456789"), 100_000)
	go conn.Write(sent)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("what came back is not what was sent: %v", err)
	}
	await(t, proxy.Down, int64(len(sent)))
	if up, down := proxy.Up.Bytes(), proxy.Down.Bytes(); up != int64(len(sent)) || down != int64(len(sent)) {
		t.Errorf("the proxy counted %d bytes up and %d down, want %d", up, down, len(sent))
	}
	if proxy.Accepted() != 1 || proxy.Open() != 1 {
		t.Errorf("the proxy counted %d connections and %d open, want 1 and 1", proxy.Accepted(), proxy.Open())
	}
}

func TestProxyCuts(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	echo(t, conn)
	proxy.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read from a cut connection: %v, want a reset", err)
	}
	echo(t, dial(t, proxy))
}

func TestProxyCutsAStalledConnection(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	echo(t, conn)
	proxy.Up.Stall()
	proxy.Down.Stall()
	proxy.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read from a cut connection: %v, want a reset", err)
	}
}

func TestProxyCutsAfterBytes(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	proxy.Down.CutAfter(5)
	if _, err := conn.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); string(got) != "01234" {
		t.Errorf("received %q (%v), want the first 5 bytes", got, err)
	}
	echo(t, dial(t, proxy))
}

func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	first := dial(t, proxy)
	echo(t, first)
	proxy.Refuse()
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read from a connection that is refused from now on: %v, want a reset", err)
	}
	wantRefused(t, proxy)
	proxy.Admit()
	echo(t, dial(t, proxy))
}

func TestProxyStalls(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	echo(t, conn)
	proxy.Down.Stall()
	if _, err := conn.Write([]byte("later")); err != nil {
		t.Fatal(err)
	}
	await(t, proxy.Up, int64(len("hello")+len("later")))
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n != 0 {
		t.Errorf("%d bytes came through a stalled link (%v)", n, err)
	}
	proxy.Down.Resume()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	got := make([]byte, len("later"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "later" {
		t.Errorf("received %q (%v) after the stall, want what was held back", got, err)
	}
}

func TestProxyDelays(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, echoServer(t))
	conn := dial(t, proxy)
	proxy.Up.Delay(30 * time.Millisecond)
	proxy.Down.Delay(30 * time.Millisecond)
	begin := time.Now()
	echo(t, conn)
	if took := time.Since(begin); took < 60*time.Millisecond {
		t.Errorf("an echo took %v, want the delay of both directions", took)
	}
}

func TestProxyInFrontOfNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := listener.Addr().String()
	listener.Close()
	proxy := testserver.StartProxy(t, gone)
	wantRefused(t, proxy)
	proxy.SetTarget(echoServer(t))
	echo(t, dial(t, proxy))
}

// echoServer starts a server that sends back what it receives, and returns its address.
func echoServer(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t testing.TB, proxy *testserver.Proxy) net.Conn {
	t.Helper()
	conn, err := proxy.Dial(t.Context(), "tcp", "a name that nobody resolves:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// wantRefused checks that a new connection is reset, be it while it is made or at the first read.
func wantRefused(t testing.TB, proxy *testserver.Proxy) {
	t.Helper()
	conn, err := proxy.Dial(t.Context(), "tcp", "")
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("use a connection that is refused: %v, want a reset", err)
	}
}

func echo(t testing.TB, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("hello"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Fatalf("the echo of hello is %q (%v)", got, err)
	}
}

func await(t testing.TB, link *testserver.Link, n int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := link.AwaitBytes(ctx, n); err != nil {
		t.Fatalf("wait for %d bytes, of which %d came: %v", n, link.Bytes(), err)
	}
}
