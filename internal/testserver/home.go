package testserver

import (
	"os"
	"path/filepath"
	"strings"
)

// home is where the programs of one kind of server are.
type home struct {
	name string // of the kind
	root string // the root directory that the programs see; "" for the machine's own
}

// temp is where the data of servers is.
func (h home) temp() string {
	if h.root == "" {
		return os.TempDir()
	}
	return filepath.Join(h.root, "srv")
}

// inside is a path as the programs see it.
func (h home) inside(path string) string { return strings.TrimPrefix(path, h.root) }
