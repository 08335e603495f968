// Package jdbc keeps offsets in a table of any SQL database, in the form of
// Debezium's JdbcOffsetBackingStore: a row a source partition, whose offset_key
// is the JSON list of the engine's name and the partition, and whose offset_val
// is the position. A table of Debezium's can be gone on with, and given back.
package jdbc

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/offsetentry"
	"github.com/tailrace-io/tailrace/offset"
	sink "github.com/tailrace-io/tailrace/sink/jdbc"
)

// Store is where the offsets are kept. Dialect and URL (or DB) are required. It
// must not be copied once it is used. Without a DB it connects for each call and
// keeps nothing open.
//
// Save is one transaction. Where the connection is lost it is tried again, and
// where another process has saved at the same time.
type Store struct {
	// URL says where the database is, in the form of Java's drivers
	// (jdbc:mysql://localhost/shop) or of Go's. User and Password are for where
	// it does not have them.
	URL, User, Password string

	// DB is an open database to use in the place of URL. It is not closed.
	DB *sql.DB

	// Dialect is the kind of the database, such as sink/jdbc/mysql's.
	Dialect sink.Dialect

	// Table is the table's name, with its schema in front where it is not the
	// connection's own: offsets, ops.offsets. Where it is not there it is made. ""
	// means debezium_offset_storage.
	Table string

	// Attempts is how often a call is tried, and Wait the time between two. 0
	// means 6, and 3 seconds.
	Attempts int
	Wait     time.Duration

	mu   sync.Mutex // one Save at a time
	made bool       // the table is there
}

var _ offset.Store = (*Store)(nil)

// DefaultTable is the name of the table that Debezium makes.
const DefaultTable = "debezium_offset_storage"

// Load gives the offsets of a name.
func (s *Store) Load(ctx context.Context, name string) (offsets []tailrace.Offset, err error) {
	err = s.try(ctx, func(db *sql.DB) error {
		offsets = nil
		there, err := s.there(ctx, db)
		if err != nil || !there {
			return err
		}
		stored, err := s.rows(ctx, db)
		for _, r := range stored {
			if r.name == name {
				offsets = append(offsets, tailrace.Offset{Partition: r.partition, Position: r.position})
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	return offsets, nil
}

// Save writes the offsets.
func (s *Store) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	records, err := offsetentry.AppendRecords(nil, "", name, offsets)
	if err == nil && len(records) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		err = s.try(ctx, func(db *sql.DB) error { return s.save(ctx, db, records) })
	}
	if err = errors.Join(ctx.Err(), err); err != nil {
		return fmt.Errorf("save the offsets of %q: %w", name, err)
	}
	return nil
}

func (s *Store) save(ctx context.Context, db *sql.DB, records []tailrace.Record) error {
	if err := s.make(ctx, db); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing behind a commit
	stored, err := s.rows(ctx, tx)
	if err != nil {
		return err
	}
	ids := make(map[string]string, len(stored))
	for _, r := range stored {
		ids[r.key] = r.id
	}
	for i := range records {
		key, position := string(records[i].Key.Bytes()), records[i].Value.Text()
		canonical, err := canonicalKey(key)
		if err != nil {
			return err
		}
		id, there := ids[canonical]
		form, args := "UPDATE {t} SET offset_val = ?, record_insert_ts = CURRENT_TIMESTAMP, record_insert_seq = ? WHERE id = ?", []any{position, i + 1, id}
		if !there {
			id = idOf(canonical)
			ids[canonical] = id
			form, args = "INSERT INTO {t} (id, offset_key, offset_val, record_insert_ts, record_insert_seq) VALUES (?, ?, ?, CURRENT_TIMESTAMP, ?)", []any{id, key, position, i + 1}
		}
		if _, err := tx.ExecContext(ctx, s.sql(form), args...); err != nil {
			return &tooLong{len(position), err}
		}
	}
	return tx.Commit()
}

// idOf is the id of a new row, in the form of a UUID: the same for the same key,
// so that two processes cannot both make it.
func idOf(key string) string {
	h := sha256.Sum256([]byte(key))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// row is a row of the table.
type row struct {
	id, key, name, partition, position string
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// rows reads the table. Debezium has one row a key, and the last counts where
// there are more.
func (s *Store) rows(ctx context.Context, db queryer) (out []row, err error) {
	rows, err := db.QueryContext(ctx, s.sql("SELECT id, offset_key, offset_val FROM {t} ORDER BY record_insert_ts, record_insert_seq"))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		var key, position sql.NullString
		if err := rows.Scan(&r.id, &key, &position); err != nil {
			return nil, err
		}
		if r.name, r.partition, err = offsetentry.ParseKey([]byte(key.String)); err != nil {
			return nil, &damaged{fmt.Errorf("table %s: the row %s has the offset_key %.100q: %w", s.tableName(), r.id, key.String, err)}
		}
		if r.key, err = canonicalKey(key.String); err != nil {
			return nil, &damaged{fmt.Errorf("table %s: the row %s: %w", s.tableName(), r.id, err)}
		}
		r.position = position.String
		if position.Valid && !offsetentry.IsObject(r.position) {
			return nil, &damaged{fmt.Errorf("table %s: the row %s has an offset_val that is no JSON object: %.100q", s.tableName(), r.id, r.position)}
		}
		out = slices.DeleteFunc(out, func(o row) bool { return o.key == r.key })
		if position.Valid { // a null is of a partition that was forgotten
			out = append(out, r)
		}
	}
	return out, rows.Err()
}

// canonicalKey is a key without white space and as JSON would be written anew, so
// that keys are found whoever wrote them.
func canonicalKey(key string) (string, error) { return offsetentry.Canonical([]byte(key)) }

// there says whether the table is.
func (s *Store) there(ctx context.Context, db *sql.DB) (bool, error) {
	rows, err := db.QueryContext(ctx, s.sql("SELECT 1 FROM {t} WHERE 1 = 0"))
	if err == nil {
		err = errors.Join(rows.Err(), rows.Close())
	}
	if err != nil && s.Dialect.Explain(err).Kind == sink.BadTable {
		return false, nil
	}
	return err == nil, err
}

// make makes the table where it is not there.
func (s *Store) make(ctx context.Context, db *sql.DB) error {
	if s.made {
		return nil
	}
	there, err := s.there(ctx, db)
	if err != nil {
		return err
	}
	if !there {
		id, err := s.Dialect.Declare(sink.Column{Kind: sink.Text, Length: 36, Key: true})
		if err != nil {
			return err
		}
		text, err := s.Dialect.Declare(sink.Column{Kind: sink.Text, Nullable: true})
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, s.sql("CREATE TABLE {t} (id "+id+" NOT NULL, offset_key "+text+", offset_val "+text+
			", record_insert_ts TIMESTAMP NOT NULL, record_insert_seq INTEGER NOT NULL, PRIMARY KEY (id))")+s.Dialect.Syntax().Options)
		if err != nil {
			if there, _ := s.there(ctx, db); !there { // somebody else may have made it
				return fmt.Errorf("make the table %s: %w", s.tableName(), err)
			}
		}
	}
	s.made = true
	return nil
}

func (s *Store) tableName() string {
	if s.Table == "" {
		return DefaultTable
	}
	return s.Table
}

// sql writes a statement: {t} is the table, and ? its arguments. Names stand
// without quotes, as in Debezium's statements.
func (s *Store) sql(form string) string {
	var out strings.Builder
	n := 0
	for _, r := range strings.Replace(form, "{t}", s.tableName(), 1) {
		if p := s.Dialect.Syntax().Placeholder; r == '?' && p != nil {
			n++
			out.WriteString(p(n))
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}
