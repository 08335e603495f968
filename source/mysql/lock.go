package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// lock keeps everybody from writing until unlock is called: by a global read
// lock or, where the user may not take one, by locks of the captured tables.
func (r *reader) lock(ctx context.Context, ids []tableID) (unlock func() error, err error) {
	if r.src.SnapshotLocking == LockNone {
		if !r.server.gtids {
			return nil, errWithoutGTIDs
		}
		return func() error { return nil }, nil
	}
	c, err := r.src.connect(ctx)
	if err != nil {
		return nil, err
	}
	err = c.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout=%d", max(1, int(r.src.SnapshotLockTimeout.Seconds()))))
	if err == nil {
		err = r.takeLock(ctx, c, ids)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the tables for the snapshot: %w", err), c.Close())
	}
	return func() error {
		err := c.exec(context.Background(), "UNLOCK TABLES")
		return errors.Join(err, c.Close())
	}, nil
}

func (r *reader) takeLock(ctx context.Context, c *conn, ids []tableID) error {
	if r.src.SnapshotLocking == LockMinimalPercona {
		err := c.exec(ctx, "LOCK TABLES FOR BACKUP")
		if codeOf(err) == codeSyntax {
			return fmt.Errorf("%w: only Percona Server has this lock: set SnapshotLocking to minimal", err)
		}
		return err
	}
	err := c.exec(ctx, "FLUSH TABLES WITH READ LOCK")
	if code := codeOf(err); code == codeSpecificDenied || code == codeAccessDenied {
		return r.lockTables(ctx, c, ids)
	}
	return err
}

func (r *reader) lockTables(ctx context.Context, c *conn, ids []tableID) error {
	if len(ids) == 0 {
		return nil
	}
	locks := make([]string, len(ids))
	for i, id := range ids {
		locks[i] = id.quoted() + " READ"
	}
	err := c.exec(ctx, "LOCK TABLES "+strings.Join(locks, ", "))
	if code := codeOf(err); code == codeTableDenied || code == codeDatabaseDenied {
		return fmt.Errorf("%w: %s", err, r.server.letLock())
	}
	return err
}

const codeDatabaseDenied = 1044
