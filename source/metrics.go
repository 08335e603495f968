package source

import "time"

// Metered is a Reader that counts. What it gives reaches an application by the
// engine's Trace.Source. The numbers begin at 0 with each Reader.
type Metered interface {
	// Metrics gives the numbers as they are between two Reads. It is called by
	// the goroutine that calls Read, never while Read runs. What its slices hold
	// is valid until the next Read.
	Metrics() Metrics
}

// Metrics are the numbers of a Reader. docs/metrics.md says which of them is
// which of Debezium's. One that a source does not count is zero.
type Metrics struct {
	// Connected says that the source is connected to what it reads.
	Connected bool

	// Tables are the names of the captured tables whose definitions are known,
	// sorted.
	Tables []string

	Snapshot    SnapshotMetrics
	Incremental IncrementalMetrics
	Stream      StreamMetrics
	Definitions DefinitionMetrics
}

// SnapshotState is what has become of a snapshot.
type SnapshotState string

const (
	SnapshotNone      SnapshotState = "" // there has been none
	SnapshotRunning   SnapshotState = "running"
	SnapshotCompleted SnapshotState = "completed"
)

// SnapshotMetrics are of the snapshot that this Reader reads, or has read last:
// the first one, or a blocking one that was asked for.
type SnapshotMetrics struct {
	State SnapshotState

	// Tables is how many tables there are to read, TablesLeft how many of them
	// have not been read as a whole.
	Tables, TablesLeft int

	// Rows is how many rows have been read of each table that was begun, in the
	// order in which they are read.
	Rows []TableRows

	// Took is how long the snapshot has been running, or ran.
	Took time.Duration
}

// TableRows is how many rows of a table have been read.
type TableRows struct {
	Table string
	Rows  int64
}

// Seen is how many rows have been read of all tables.
func (m *SnapshotMetrics) Seen() int64 {
	var n int64
	for _, t := range m.Rows {
		n += t.Rows
	}
	return n
}

// IncrementalMetrics are of the incremental snapshot that is running.
type IncrementalMetrics struct {
	// Tables are the names of those that are left to read, the one that is being
	// read first; none where no incremental snapshot is running.
	Tables []string
	Paused bool

	// Rows is how many rows of the first table have been read. Behind From and
	// up to To are the keys of the chunk that waits for its place in the log;
	// TableTo is the greatest key up to which the table is read. They are empty
	// where there is none. Columns of a key have a comma between them.
	Rows              int64
	From, To, TableTo string
}

// StreamMetrics are of the log.
type StreamMetrics struct {
	// Created, Updated, Deleted and Truncated are how many changes became
	// records. An update of a key is one deleted and one created.
	Created, Updated, Deleted, Truncated int64

	// Filtered is how many groups of changes, as the log has them, were passed
	// over because their tables are not captured. Skipped is how many changes
	// gave no record because their operation is left out, Unchanged how many
	// updates because they changed nothing that is captured.
	Filtered, Skipped, Unchanged int64

	// Last is when the last change was read, by this machine's clock, and Behind
	// how long that was after it took effect, by the clock of the server.
	Last   time.Time
	Behind time.Duration

	// Transactions is how many transactions have been read to their end, and
	// LastTransaction the server's name of the last: a GTID or an xid; "" where it
	// has none.
	Transactions    int64
	LastTransaction string

	// Position is where the source would go on: that of the last offset, a JSON
	// text. "" before the first.
	Position string
}

// Changes is how many changes became records.
func (m *StreamMetrics) Changes() int64 { return m.Created + m.Updated + m.Deleted + m.Truncated }

// DefinitionMetrics are of what is kept of tables' definitions, where a source
// keeps a history of them.
type DefinitionMetrics struct {
	// RecoveredAt is when what was kept was read, and Recovered how many
	// definitions that gave.
	RecoveredAt time.Time
	Recovered   int64

	// Applied is how many definitions have been learned since: those that a
	// snapshot found, and those that statements of the log made. Last is the
	// table whose definition was the last of them, and LastAt when that was.
	Applied int64
	Last    string
	LastAt  time.Time
}
