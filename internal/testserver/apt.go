package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// A need is a program that a server is brought or run by, and the Debian package that has it.
type need struct {
	program string // a name on the PATH, or a pattern of absolute paths
	pkg     string
}

func (n need) present() bool {
	if filepath.IsAbs(n.program) {
		found, _ := filepath.Glob(n.program)
		return len(found) > 0
	}
	_, err := exec.LookPath(n.program)
	return err == nil
}

// install brings the programs that are missing, by apt-get.
func (s *Site) install(ctx context.Context, needs []need) error {
	if len(missing(needs)) == 0 {
		return nil
	}
	unlock, err := s.cache.lock(ctx, "apt")
	if err != nil {
		return err
	}
	defer unlock()
	packages := missing(needs)
	if len(packages) == 0 {
		return nil
	}
	list := strings.Join(packages, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("the Debian packages %s are missing and only root can install them; run 'apt-get install %s' as root", list, list)
	}
	return s.log.During("apt", "install "+list, func(output io.Writer) error {
		// The lists may be old or empty: they are brought up to date only where they turn out to be.
		args := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
		first := s.aptGet(ctx, output, args...)
		if first == nil {
			return nil
		}
		if err := s.aptGet(ctx, output, "update"); err != nil {
			return errors.Join(first, err)
		}
		return s.aptGet(ctx, output, args...)
	})
}

// aptGet runs apt-get without questions. It waits for other package managers, and starts no service of what it installs.
func (s *Site) aptGet(ctx context.Context, output io.Writer, args ...string) error {
	cmd := command(ctx, output, &syscall.SysProcAttr{}, append([]string{"apt-get", "-o", "DPkg::Lock::Timeout=600"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

func missing(needs []need) []string {
	var packages []string
	for _, n := range needs {
		if !n.present() && !slices.Contains(packages, n.pkg) {
			packages = append(packages, n.pkg)
		}
	}
	return packages
}

// debianMirror returns the address of the Debian mirror that this machine's apt is set up with.
func (s *Site) debianMirror(ctx context.Context, output io.Writer) (string, error) {
	if mirror, err := listedMirror(ctx); err != nil || mirror != "" {
		return mirror, err
	}
	// Without its lists, apt does not know whose mirror is whose.
	if err := s.aptGet(ctx, output, "update"); err != nil {
		return "", err
	}
	mirror, err := listedMirror(ctx)
	if err == nil && mirror == "" {
		err = errors.New("apt is set up with no Debian mirror: look at what 'apt-get indextargets' lists")
	}
	return mirror, err
}

// listedMirror returns the mirror that apt has lists of, or nothing.
func listedMirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt-get indextargets for the Debian mirror: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if mirror, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian "); ok {
			return mirror, nil
		}
	}
	return "", nil
}
