// Package offset keeps how far an engine has come, so that it goes on there
// after a restart.
package offset

import (
	"context"

	"github.com/tailrace-io/tailrace"
)

// Store keeps offsets under the name of an engine. All methods may be called by
// several goroutines at a time, under different names too.
type Store interface {
	// Load gives the offsets that were saved under the name, one a source
	// partition; none and no error where nothing was saved. What is there but
	// cannot be read is an error that names it: an empty answer would start a
	// new snapshot.
	Load(ctx context.Context, name string) ([]tailrace.Offset, error)

	// Save puts the offsets in the place of those saved before for the same
	// source partitions and leaves the other partitions alone. When it returns
	// nil they are durable; when it fails, or the machine does, the store has
	// the old offsets or the new, never a mixture.
	Save(ctx context.Context, name string, offsets []tailrace.Offset) error
}

// Claimer is a Store that lets only one process at a time use a name.
type Claimer interface {
	Store

	// Claim takes the name until release is called. Where another process has
	// it, the error says which.
	Claim(ctx context.Context, name string) (release func() error, err error)
}
