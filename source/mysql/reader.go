package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/meter"
)

// reader is a running source: it reads a snapshot, where one is due, and then
// the log.
type reader struct {
	src       *Source
	sel       *selection
	server    *server
	partition string

	w            *writer
	sourceSchema *tailrace.Schema
	tables       map[tableID]*table // those whose definition is known
	schemas
	anew    *reselect      // reads columns anew; nil for none
	changes *schemaChanges // nil where nothing is to be told of definitions

	snapshot *snapshot // nil when there is none, or no more
	stream   *stream   // nil until the initial snapshot is complete
	pos      position  // where the stream begins
	pause    time.Time // when the log may be read, behind a snapshot
	fresh    bool      // nothing has been given, and no offset is stored: the first one is given alone
	ended    bool
	failed   error // what every later Read returns

	committed atomic.Pointer[position]

	asked adhoc.Snapshots[[]byte] // that signals ask for

	meter meter.Meter
}

// open connects, checks everything and finds out where to begin.
func open(ctx context.Context, src *Source, sel *selection, from []tailrace.Offset) (source.Reader, error) {
	pos, stored, err := src.findPosition(from)
	if err != nil {
		return nil, err
	}
	c, err := src.connect(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{src: src, sel: sel, partition: src.partition(), w: newWriter(src),
		sourceSchema: newSourceSchema(src.Flavor), tables: map[tableID]*table{},
		schemas: schemas{kin: map[tableID]*definition{}, ahead: map[tableID]position{}, history: newHistory(src)}, anew: newReselect(src, sel)}
	if src.SchemaChanges {
		r.changes = newSchemaChanges(src, r.sourceSchema)
	}
	r.asked = adhoc.New[[]byte](src.TopicPrefix, src.Log, r.notify)
	err = r.restore(pos)
	if err == nil {
		err = r.begin(ctx, c, pos, stored)
	}
	if err == nil {
		err = r.asked.Open(ctx, src.Signals, pos.text)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close(), r.Close())
	}
	return r, nil
}

// begin checks the server and begins the snapshot or the reading of the log.
func (r *reader) begin(ctx context.Context, c *conn, pos position, stored bool) (err error) {
	if r.server, err = r.src.inspect(ctx, c); err != nil {
		return err
	}
	if err := r.server.check(r.src); err != nil {
		if ids, more := c.tables(ctx, r.sel); more == nil && !stored { // what stands in the way of the snapshot is said too
			err = errors.Join(err, r.server.checkCapture(ctx, c, r.src, ids))
		}
		return fmt.Errorf("the server is not set up for reading changes: %w", err)
	}
	if err := r.surveyDatabases(ctx, c); err != nil {
		return err
	}
	if err := r.checkSignals(); err != nil {
		return err
	}
	if err := r.guard(ctx, c); err != nil {
		return err
	}
	within := stored && pos.Snapshot != "" && strings.Contains(pos.text, `"snapshot_table"`) // a snapshot that can be gone on with
	resumable := stored && pos.Snapshot == ""
	if resumable && !r.sel.allGTIDs() && !r.server.mariadb && pos.GTIDs != "" {
		if pos.GTIDs, err = r.wantedGTIDs(ctx, c, pos.GTIDs); err != nil {
			return err
		}
	}
	again := false // all rows have to be read
	if within || resumable && r.src.Snapshot != SnapshotAlways {
		err := r.server.has(ctx, c, pos)
		if errors.Is(err, source.ErrOffsetLost) && (within || r.src.Snapshot == SnapshotWhenNeeded || r.src.configured().OnDataError) {
			r.src.Log.Warn("the stored offset is lost: a new snapshot begins", "error", err)
			within, resumable, again = false, false, true
		} else if err != nil {
			return err
		}
	}
	switch steps := r.src.steps(resumable, within || again); {
	case steps.none:
		r.ended = true
		return c.Close()
	case steps.missing:
		return errors.New("there is no stored offset to recover from: set Snapshot to initial")
	case steps.snapshot:
		if err := r.src.delay(ctx, r.src.SnapshotDelay); err != nil {
			return err
		}
		from := &pos
		if !within {
			from = nil
		}
		r.fresh = !within
		r.snapshot, err = r.beginSnapshot(ctx, c, from, nil)
		return err
	case steps.tip:
		pos, err = r.server.tip(ctx, c)
	case steps.oldest:
		var logs []string
		if logs, err = r.server.logs(ctx, c); err == nil {
			pos = position{File: logs[0], Pos: firstEvent}
		}
	}
	if err != nil {
		return err
	}
	if resumable {
		err = r.remember(ctx, pos)
	}
	if err == nil && len(r.history.versions) == 0 {
		err = r.survey(ctx, c, pos, !resumable && r.src.Snapshot == SnapshotNoData)
	}
	if err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	if r.stream, err = r.beginStream(ctx, pos); err != nil {
		return err
	}
	r.fresh = !resumable
	return nil
}

// guard checks that not more tables are captured than may be.
func (r *reader) guard(ctx context.Context, c *conn) error {
	if r.src.MaxTables == 0 {
		return nil
	}
	ids, err := c.tables(ctx, r.sel)
	if err != nil {
		return err
	}
	if err = (envelope.Guardrail{Max: r.src.MaxTables}).Check(len(ids)); err != nil && r.src.MaxTablesWarns {
		r.src.Log.Warn(err.Error())
		return nil
	}
	return err
}

// firstEvent is the place of the first event of a log file.
const firstEvent = 4

// learn makes the version of a table that has the definition, or finds that the
// one that is known will do.
func (r *reader) learn(d *definition) (*table, error) {
	t, err := newTable(r.src, r.sel, r.sourceSchema, d)
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
	if end := ended(ctx); end != nil && errors.Is(err, end) {
		return tailrace.Batch{}, end
	}
	if err != nil {
		r.failed = fmt.Errorf("mysql source %s: %w", r.src.Addr, err)
		err = r.failed
	}
	return batch, err
}

func (r *reader) read(ctx context.Context) (tailrace.Batch, error) {
	if r.fresh {
		if err := r.keepHistory(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		if r.fresh = false; r.snapshot != nil {
			return r.snapshotBatch()
		}
		return r.batch(r.position()), nil
	}
	r.tellSnapshot()
	if r.snapshot != nil {
		err := r.snapshot.read(ctx, r.w)
		if err == nil {
			err = r.keepHistory(ctx)
		}
		if err == nil {
			return r.snapshotBatch()
		}
		if err != io.EOF {
			return tailrace.Batch{}, err
		}
		if err := r.keepHistory(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		if err := r.endSnapshot(); err != nil {
			return tailrace.Batch{}, err
		}
		return r.batch(r.position()), nil
	}
	if r.stream == nil {
		if err := r.src.delay(ctx, time.Until(r.pause)); err != nil {
			return tailrace.Batch{}, err
		}
		s, err := r.beginStream(ctx, r.pos)
		if err != nil {
			return tailrace.Batch{}, err
		}
		r.stream = s
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
	if err := r.keepHistory(ctx); err != nil {
		return tailrace.Batch{}, err
	}
	return r.batch(r.stream.offset()), nil
}

// position is where the log is read on.
func (r *reader) position() position {
	if r.stream != nil {
		return r.stream.offset()
	}
	return r.pos
}

func (r *reader) batch(pos position) tailrace.Batch {
	return r.given(pos.append(nil))
}

// given makes the batch of what was gathered, with a position.
func (r *reader) given(position []byte) tailrace.Batch {
	b := r.w.batch(tailrace.Offset{Partition: r.partition, Position: string(r.asked.Append(position))})
	r.meter.Met(&b, r.snapshot == nil)
	return b
}

// snapshotBatch is a batch within a snapshot: it has the position that the log
// is read from behind it, and how far the snapshot has come.
func (r *reader) snapshotBatch() (tailrace.Batch, error) {
	if r.snapshot.request != nil {
		return r.batch(r.position()), nil // it is begun again as a whole
	}
	at, err := r.snapshot.place()
	if err != nil {
		return tailrace.Batch{}, err
	}
	pos := r.snapshot.pos
	pos.Snapshot = "INITIAL"
	text := pos.append(nil)
	text = append(at.append(text[:len(text)-1]), '}')
	return r.given(text), nil
}

// endSnapshot goes on to the log, or to the end.
func (r *reader) endSnapshot() error {
	s := r.snapshot
	r.snapshot, r.meter.Snapshot = nil, s.metrics(source.SnapshotCompleted)
	if s.request != nil {
		r.asked.Blocking = r.asked.Blocking[1:]
	} else {
		r.pos, r.pause = s.end(), time.Now().Add(r.src.StreamingDelay)
		r.ended = r.src.Snapshot == SnapshotInitialOnly || r.src.Snapshot == SnapshotConfigured && !r.src.SnapshotSteps.Stream
	}
	if err := s.close(); err != nil {
		return fmt.Errorf("close the connections of the snapshot: %w", err)
	}
	return nil
}

// keepHistory stores the definitions that have changed, before an offset behind
// the changes goes out.
func (r *reader) keepHistory(ctx context.Context) error {
	return r.history.save(ctx, r.committed.Load(), r.server.mariadb)
}

// Commit tells the channels of signals what is durable; the server keeps its log
// by its own rules. What no reader will go back to is forgotten of tables'
// definitions.
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
			return fmt.Errorf("mysql source %s: commit: %w", r.src.Addr, err)
		}
		if p.Snapshot == "" {
			r.committed.Store(&p)
		}
	}
	return nil
}

// Close ends the connections.
func (r *reader) Close() error {
	r.failed = fmt.Errorf("mysql source %s: read: the reader is closed", r.src.Addr)
	var errs []error
	if r.snapshot != nil {
		errs = append(errs, r.snapshot.close())
		r.snapshot = nil
	}
	if r.stream != nil {
		errs = append(errs, r.stream.close())
		r.stream = nil
	}
	r.anew.close()
	return errors.Join(append(errs, r.asked.Close())...)
}
