package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/meter"
)

// reader is a running source: it reads a snapshot, where one is due, and then
// the log.
type reader struct {
	src       *Source
	sel       *selection
	partition string

	w            *writer
	sourceSchema *tailrace.Schema
	messages     *messages
	tables       map[tableID]*table // those whose definition is known
	types        *types
	catalog      *catalog  // nil until the server has to be asked
	standby      bool      // it follows a primary, or did when it was asked last
	anew         *reselect // reads columns anew; nil for none

	asked adhoc.Snapshots[cells] // that signals ask for
	meter meter.Meter

	lastXID uint32 // of the last transaction that was read to its end; 0 for none

	snapshot  *snapshot // nil when there is none, or no more
	notBefore time.Time // when the log may be read, behind a snapshot
	unsaid    bool      // the offset of the snapshot's beginning was not given yet
	said      place     // how far the snapshot has come in the last offset that was given
	pos       position  // where the stream begins
	ended     bool
	closed    bool
	failed    error // what every later Read returns

	mu     sync.Mutex // Commit may run beside Read
	stream *stream    // nil until the snapshot is complete
}

// open connects, checks everything and finds out where to begin.
func open(ctx context.Context, src *Source, sel *selection, from []tailrace.Offset) (source.Reader, error) {
	pos, stored, err := src.findPosition(from)
	if err != nil {
		return nil, err
	}
	r := &reader{src: src, sel: sel, partition: src.partition(), w: newWriter(src),
		sourceSchema: newSourceSchema(), tables: map[tableID]*table{}, anew: newReselect(src, sel.anew)}
	r.messages = newMessages(src, r.sourceSchema)
	r.asked = adhoc.New[cells](src.TopicPrefix, src.Log, r.notify)
	if err = r.restore(pos); err == nil {
		err = r.begin(ctx, pos, stored)
	}
	if err == nil {
		err = r.asked.Open(ctx, src.Signals, pos.text)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// begin checks the server and begins the snapshot or the reading of the log.
func (r *reader) begin(ctx context.Context, pos position, stored bool) error {
	c, err := r.ask(ctx)
	if err != nil {
		return err
	}
	sv, err := r.src.inspect(ctx, c)
	if err != nil {
		return err
	}
	if r.standby = sv.standby; sv.standby && sv.slot == nil {
		r.src.Log.Info("a standby makes a slot once its primary has logged which transactions run there", "hasten", "SELECT pg_log_standby_snapshot() on the primary")
	}
	tables, logged, err := c.tables(ctx, r.src, r.sel)
	if err != nil {
		return err
	}
	if err := r.src.checkServer(ctx, c, sv, tables); err != nil {
		return fmt.Errorf("the server is not set up for reading changes: %w", err)
	}
	mode := r.src.Snapshot
	resumable := stored && !pos.snapshot
	if resumable && mode == SnapshotInitialOnly {
		r.ended = true
		return nil
	}
	if resumable && mode != SnapshotAlways {
		pos, err = sv.resume(r.src, pos)
		if errors.Is(err, source.ErrOffsetLost) && mode == SnapshotWhenNeeded {
			r.src.Log.Warn("the stored offset is lost: a new snapshot begins", "error", err)
			resumable = false
		} else if err != nil {
			return err
		}
	}
	if mode != SnapshotInitialOnly {
		if err := r.prepare(ctx, c, sv, logged); err != nil {
			return err
		}
	}
	switch {
	case resumable && mode != SnapshotAlways:
		r.pos = pos
	case mode == SnapshotNoData:
		if r.pos, err = r.tip(ctx, sv); err != nil {
			return err
		}
	default:
		if err := pause(ctx, r.src.SnapshotDelay); err != nil {
			return err
		}
		r.unsaid = mode != SnapshotInitialOnly
		if kept := sv.slot != nil && sv.slot.confirmed <= pos.LSN; r.unsaid && kept && stored && pos.snapshot {
			r.snapshot, err = r.resumeSnapshot(ctx, tables, pos)
		} else {
			r.snapshot, err = r.beginSnapshot(ctx, sv, tables)
		}
		return err
	}
	return r.beginStream(ctx, !resumable)
}

// prepare makes the publication, sets what tables have in the log of old rows,
// and takes a slot away that is of no use.
func (r *reader) prepare(ctx context.Context, c *catalog, sv *server, tables []tableID) error {
	if err := errors.Join(r.src.publish(ctx, c, sv, tables), r.src.identify(ctx, c, tables)); err != nil {
		return err
	}
	if err := r.src.tellUnpublished(ctx, c, tables); err != nil {
		return err
	}
	if sv.slot != nil && sv.slot.lost {
		if err := c.exec(ctx, "SELECT pg_drop_replication_slot("+quoteText(r.src.Slot)+")"); err != nil {
			return err
		}
		sv.slot = nil
	}
	return r.alterSlot(ctx, sv)
}

// alterSlot lets standbys keep a copy of the slot, or no longer, and has it send
// transactions when they are committed rather than when they are prepared.
func (r *reader) alterSlot(ctx context.Context, sv *server) error {
	var options []string
	if sv.slot != nil && sv.version >= versionFailover && sv.slot.failover != r.src.FailoverSlot {
		options = append(options, fmt.Sprintf("FAILOVER %t", r.src.FailoverSlot))
	}
	if sv.slot != nil && sv.slot.twoPhase {
		options = append(options, "TWO_PHASE false")
	}
	if options == nil {
		return nil
	}
	c, err := r.replication(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return r.untilFree(ctx, func() error {
		return c.exec(ctx, fmt.Sprintf("ALTER_REPLICATION_SLOT %s (%s)", quoteName(r.src.Slot), strings.Join(options, ", ")))
	})
}

// tip is where the slot is, which is made where it is not there.
func (r *reader) tip(ctx context.Context, sv *server) (position, error) {
	if sv.slot != nil {
		return position{LSN: sv.slot.confirmed}, nil
	}
	c, err := r.replication(ctx)
	if err != nil {
		return position{}, err
	}
	at, _, err := r.src.createSlot(ctx, c, sv.version, r.src.Slot, false, false)
	return position{LSN: at}, errors.Join(err, c.close())
}

// replication makes a connection that understands the replication's commands.
func (r *reader) replication(ctx context.Context) (*catalog, error) {
	conn, err := r.src.connect(ctx, map[string]string{"replication": "database"})
	if err != nil {
		return nil, err
	}
	return &catalog{conn}, nil
}

// ask gives the connection on which the server is asked about itself.
func (r *reader) ask(ctx context.Context) (*catalog, error) {
	if r.catalog != nil && !r.catalog.conn.IsClosed() {
		return r.catalog, nil
	}
	var err error
	r.catalog, err = r.src.openCatalog(ctx)
	return r.catalog, err
}

// version makes the version of a table that has the definition.
func (r *reader) version(ctx context.Context, c *catalog, d *definition) (*table, error) {
	if r.types == nil || !r.types.has(d) {
		types, err := c.readTypes(ctx)
		if err != nil {
			return nil, err
		}
		r.types = types
	}
	return newTable(r.src, r.sel, r.types, r.sourceSchema, d)
}

// learn makes the version of a table that has the definition, or finds that the
// one that is known will do.
func (r *reader) learn(ctx context.Context, c *catalog, d *definition) (*table, error) {
	t, err := r.version(ctx, c, d)
	if err != nil {
		return nil, err
	}
	if known := r.tables[d.id]; known != nil && known.same(t) {
		return known, nil
	}
	r.tables[d.id] = t
	r.meter.Relist()
	return t, nil
}

// Read gives the next batch.
func (r *reader) Read(ctx context.Context) (tailrace.Batch, error) {
	switch {
	case r.failed != nil:
		return tailrace.Batch{}, r.failed
	case r.ended:
		return tailrace.Batch{}, io.EOF
	case ctx.Err() != nil:
		return tailrace.Batch{}, ctx.Err()
	}
	batch, err := r.read(ctx)
	r.meter.Met(&batch, r.snapshot == nil)
	var one *source.RecordError
	switch {
	case err == nil || errors.As(err, &one):
		return batch, err
	case ended(ctx):
		return tailrace.Batch{}, ctx.Err()
	}
	r.failed = fmt.Errorf("postgres source %s/%s: %w", r.src.Addr, r.src.Database, err)
	return tailrace.Batch{}, r.failed
}

// ended says whether the context has ended. A connection that has its deadline
// may notice a moment earlier than the context itself.
func ended(ctx context.Context) bool {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

func (r *reader) read(ctx context.Context) (tailrace.Batch, error) {
	if r.unsaid {
		r.unsaid = false
		r.said = r.snapshot.given
		return r.batch(r.snapshot.position()), nil
	}
	if r.snapshot != nil && r.snapshot.adHoc {
		return r.readBlocking(ctx)
	}
	if r.snapshot != nil {
		err := r.snapshot.read(ctx, r.w)
		if err == nil && (r.said == r.snapshot.given || r.src.Snapshot == SnapshotInitialOnly) {
			return r.w.batch(), nil
		}
		if err == nil {
			r.said = r.snapshot.given
			return r.batch(r.snapshot.position()), nil
		}
		if err != io.EOF {
			return tailrace.Batch{}, err
		}
		r.pos = r.snapshot.end()
		if err := r.endSnapshot(); err != nil {
			return tailrace.Batch{}, err
		}
		return r.batch(r.pos), nil
	}
	if r.stream == nil {
		if err := pause(ctx, time.Until(r.notBefore)); err != nil {
			return tailrace.Batch{}, err
		}
		if err := r.beginStream(ctx, false); err != nil {
			return tailrace.Batch{}, err
		}
	}
	if len(r.asked.Blocking) > 0 && r.stream.atRest() {
		if err := r.beginBlocking(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		return r.read(ctx)
	}
	if err := r.stream.read(ctx, r.w); err != nil {
		return tailrace.Batch{}, err
	}
	return r.batch(r.stream.offset()), nil
}

func (r *reader) batch(pos position) tailrace.Batch {
	return r.w.batch(tailrace.Offset{Partition: r.partition, Position: string(r.asked.Append(pos.append(nil)))})
}

// endSnapshot goes on to the log, or to the end.
func (r *reader) endSnapshot() error {
	s := r.snapshot
	r.snapshot, r.meter.Snapshot = nil, s.metrics(source.SnapshotCompleted)
	r.notBefore = time.Now().Add(r.src.StreamingDelay)
	r.ended = !s.adHoc && r.src.Snapshot == SnapshotInitialOnly
	return s.close()
}

// Commit lets the slot forget what lies before the offsets, and tells the
// channels of signals what is durable.
func (r *reader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	for _, o := range offsets {
		if o.Partition != r.partition {
			continue
		}
		p, err := parsePosition(o.Position)
		if err == nil {
			err = r.asked.Commit(ctx, o.Position)
		}
		if err != nil {
			return fmt.Errorf("postgres source %s/%s: commit: %w", r.src.Addr, r.src.Database, err)
		}
		r.mu.Lock()
		if r.stream != nil && !p.foreign && !r.src.HoldSlot {
			r.stream.log.Confirm(p.LSN)
		}
		r.mu.Unlock()
	}
	return nil
}

// Close ends the connections.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.failed = fmt.Errorf("postgres source %s/%s: read: the reader is closed", r.src.Addr, r.src.Database)
	var errs []error
	if r.snapshot != nil {
		errs = append(errs, r.snapshot.close())
	}
	r.mu.Lock()
	if r.stream != nil {
		r.stream.log.Close() // what fails here was not confirmed, and comes again
		r.stream = nil
		if r.src.DropSlot {
			errs = append(errs, r.dropSlot())
		}
	}
	r.mu.Unlock()
	if r.catalog != nil {
		r.catalog.close()
	}
	r.anew.close()
	return errors.Join(append(errs, r.asked.Close())...)
}

func (r *reader) dropSlot() error {
	ctx, cancel := context.WithTimeout(context.Background(), r.src.ConnectTimeout)
	defer cancel()
	c, err := r.ask(ctx)
	if err == nil {
		err = r.untilFree(ctx, func() error {
			return c.exec(ctx, "SELECT pg_drop_replication_slot("+quoteText(r.src.Slot)+")")
		})
	}
	if err != nil {
		return fmt.Errorf("postgres source %s/%s: drop the slot %s: %w", r.src.Addr, r.src.Database, r.src.Slot, err)
	}
	return nil
}
