package jdbc_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/jdbc"
)

const benchRows = 50_000

func benchDatabase(b *testing.B) *database {
	db := newDatabase(b, "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, customer_id INTEGER, status TEXT, total DECIMAL(12,2), note VARCHAR(200), updated_at TIMESTAMP NOT NULL)")
	db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < ?)
		INSERT INTO orders SELECT i, i*7, 'paid', i/100.0, 'a note of some length, as people write them', strftime('%Y-%m-%d %H:%M:%f', 1600000000+i/2.0, 'unixepoch') FROM n`, benchRows)
	return db
}

// BenchmarkRead reads the whole table in each mode; an operation is a row.
func BenchmarkRead(b *testing.B) {
	db := benchDatabase(b)
	for _, mode := range []jdbc.Mode{jdbc.Bulk, jdbc.Incrementing, jdbc.Timestamp, jdbc.TimestampIncrementing} {
		b.Run(string(mode), func(b *testing.B) {
			s := db.source(mode)
			if len(s.TimestampColumns) > 0 {
				s.TimestampColumns = []string{"updated_at"}
			}
			b.ReportAllocs()
			for left := b.N; left > 0; {
				r, err := s.Open(b.Context(), nil)
				require.NoError(b, err)
				for n := 0; n < benchRows && left > 0; {
					batch, err := r.Read(b.Context())
					require.NoError(b, err)
					n += len(batch.Records)
					left -= len(batch.Records)
				}
				require.NoError(b, r.Close())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkFloor is the same query by database/sql alone, in the ways it offers.
func BenchmarkFloor(b *testing.B) {
	db := benchDatabase(b)
	pool, err := sql.Open("sqlite", db.path)
	require.NoError(b, err)
	defer pool.Close()
	for name, dest := range map[string]func() any{
		"any":      func() any { return new(any) },
		"RawBytes": func() any { return new(sql.RawBytes) },
		"Scanner":  func() any { return &keep{} },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			to := make([]any, 6)
			for i := range to {
				to[i] = dest()
			}
			for left := b.N; left > 0; {
				rows, err := pool.QueryContext(b.Context(), "SELECT +id, +customer_id, +status, +total, +note, +updated_at FROM orders WHERE id > ? ORDER BY id", -1)
				require.NoError(b, err)
				for ; left > 0 && rows.Next(); left-- {
					if err := rows.Scan(to...); err != nil {
						b.Fatal(err)
					}
				}
				require.NoError(b, errors.Join(rows.Err(), rows.Close()))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

type keep struct{ src any }

func (k *keep) Scan(src any) error { k.src = src; return nil }

func BenchmarkParseTime(b *testing.B) {
	for b.Loop() {
		if _, ok := jdbc.ParseTime("2024-02-29 23:59:58.123", time.UTC); !ok {
			b.Fatal()
		}
	}
}
