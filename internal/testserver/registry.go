package testserver

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// registryKind is Apicurio Registry from Maven's repository, a schema registry behind the protocol of Confluent's. It keeps its
// schemas in memory: they go with the process.
func registryKind() Kind {
	return Kind{
		Name:  "registry",
		Env:   "TAILRACE_REGISTRY",
		needs: []need{{"java", "default-jre-headless"}, {"mvn", "maven"}},
		start: startRegistry,
	}
}

//go:embed registry.pom.xml
var registryPOM []byte

func startRegistry(ctx context.Context, s *Site, options []string) (*Process, error) {
	program, err := s.maven(ctx, "registry", registryPOM, "unpack-dependencies")
	if err != nil {
		return nil, err
	}
	jars, _ := filepath.Glob(filepath.Join(program, "*-runner.jar"))
	if len(jars) != 1 {
		return nil, fmt.Errorf("start registry: %s has %d programs *-runner.jar, not one", program, len(jars))
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, os.TempDir(), "registry")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: "registry", dir: dir, attr: &syscall.SysProcAttr{}, stop: syscall.SIGTERM, release: release}
	p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p.URL = "http://" + p.Addr + "/apis/ccompat/v7"
	p.ready = func(ctx context.Context) error { return registryServes(ctx, p.URL) }
	p.argv = []string{
		"java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=" + strconv.Itoa(port),
	}
	p.argv = append(append(p.argv, options...), "-jar", jars[0])
	return p, nil
}

// registryServes returns nil when the registry at the URL answers.
func registryServes(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/subjects", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", response.Status)
	}
	return nil
}

// RegistryServer is a schema registry as one test sees it.
type RegistryServer struct {
	URL string // where the protocol of Confluent's registry begins, as in http://127.0.0.1:8081
}

// Registry returns the schema registry that all tests share. It takes any schema for any subject, as long as no compatibility is
// asked of one.
func Registry(t testing.TB) *RegistryServer {
	t.Helper()
	return &RegistryServer{URL: sharedURL(t, registryKind())}
}

// Topic returns the name of a topic that no other test has, of whose subjects the registry knows nothing.
func (s *RegistryServer) Topic(t testing.TB) string {
	t.Helper()
	return uniqueName(t)
}
