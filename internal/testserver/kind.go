package testserver

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A Kind is a sort of server: how it comes to this machine and how one is started.
type Kind struct {
	Name string // as in "mysql"
	Env  string // the environment variable that tells tests where one runs

	needs []need
	start func(ctx context.Context, s *Site, options []string) (*Process, error)
}

// Kinds returns all that tests can ask for.
func Kinds() []Kind {
	return []Kind{mysqlKind(), mariadbKind(), mariadb11Kind(), postgresKind(), postgres18Kind(), kafkaKind(), registryKind()}
}

// A Site is this machine as a place to start servers on.
type Site struct {
	cache *Cache
	log   *Log
}

// NewSite returns a site that keeps what it brings in the cache of OpenCache, and says to log what it does.
func NewSite(log *Log) (*Site, error) {
	cache, err := OpenCache()
	if err != nil {
		return nil, err
	}
	return &Site{cache, log}, nil
}

// Install brings the Debian packages that the kinds need and that are missing, all at once.
func (s *Site) Install(ctx context.Context, kinds ...Kind) error {
	var needs []need
	for _, kind := range kinds {
		needs = append(needs, kind.needs...)
	}
	return s.install(ctx, needs)
}

// Start brings what a server of the kind is made of, where it is missing, and starts one that is its caller's alone. The
// options are in the server's own language and override the kind's.
func (s *Site) Start(ctx context.Context, kind Kind, options ...string) (*Process, error) {
	if err := s.Install(ctx, kind); err != nil {
		return nil, err
	}
	s.log.Printf(kind.Name, "start")
	begin := time.Now()
	p, err := kind.start(ctx, s, options)
	if err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		p.Close()
		return nil, err
	}
	s.log.Printf(kind.Name, "serves on %s after %.1fs", p.Addr, time.Since(begin).Seconds())
	return p, nil
}

// copyData copies initialised data out of the cache to be one server's own.
func copyData(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy initialised data: %w", err)
	}
	if err := os.Chmod(to, 0o700); err != nil {
		return fmt.Errorf("copy initialised data: %w", err)
	}
	return nil
}
