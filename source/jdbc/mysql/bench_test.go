package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/mysql"
	"github.com/tailrace-io/tailrace/transform"
)

const benchRows = 500_000

// sbtest makes sysbench's table.
func sbtest(b *testing.B) (jdbc.Source, *testserver.MySQLServer, string) {
	server := testserver.MySQL(b)
	database := server.Database(b)
	server.Exec(b, "USE "+database, "SET cte_max_recursion_depth = 10000000",
		"CREATE TABLE sbtest1 (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k))",
		"INSERT INTO sbtest1 (k, c, pad) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500000) "+
			"SELECT i * 7 % 1000000, RPAD(CONCAT(i, '-'), 119, '68487932199-'), RPAD(CONCAT(i, '-'), 59, '13241531885-') FROM n")
	return jdbc.Source{
		URL: "jdbc:mysql://" + server.Addr + "/" + database, User: server.User, Password: server.Password, Dialect: mysql.Dialect{},
		Mode: jdbc.Incrementing, IncrementingColumn: "id",
	}, server, database
}

// BenchmarkIncrementing reads sbtest1 as records, and as JSON with schemas; an
// operation is a row.
func BenchmarkIncrementing(b *testing.B) {
	s, _, _ := sbtest(b)
	for _, c := range []struct {
		name string
		json bool
	}{{"records", false}, {"JSON", true}} {
		b.Run(c.name, func(b *testing.B) {
			text := converter.NewJSON(converter.JSONConfig{Schemas: true})
			var buf []byte
			b.ReportAllocs()
			for left := b.N; left > 0; {
				r, err := s.Open(b.Context(), nil)
				require.NoError(b, err)
				for n := 0; n < benchRows && left > 0; {
					batch, err := r.Read(b.Context())
					require.NoError(b, err)
					for i := range batch.Records {
						if !c.json {
							break
						}
						rec := &batch.Records[i]
						if buf, err = text.Append(buf[:0], rec.Topic, rec.ValueSchema, rec.Value); err != nil {
							b.Fatal(err)
						}
					}
					n += len(batch.Records)
					left -= len(batch.Records)
				}
				require.NoError(b, r.Close())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkScan is the same query by database/sql alone.
func BenchmarkScan(b *testing.B) {
	_, server, database := sbtest(b)
	db := server.DB(b, database)
	for name, dest := range map[string][]any{
		"typed":    {new(int64), new(int64), new(string), new(string)},
		"RawBytes": rawColumns(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(scanRate(b, db, dest, b.N), "rows/s")
		})
	}
}

func rawColumns() []any {
	return []any{new(sql.RawBytes), new(sql.RawBytes), new(sql.RawBytes), new(sql.RawBytes)}
}

// scanRate reads so many rows of sbtest1, from its beginning as often as it
// takes, and says how many a second.
func scanRate(b *testing.B, db *sql.DB, dest []any, rows int) float64 {
	began := time.Now()
	for left := rows; left > 0; {
		answer, err := db.QueryContext(b.Context(), "SELECT id, k, c, pad FROM sbtest1 WHERE id > -1 ORDER BY id ASC")
		require.NoError(b, err)
		for ; left > 0 && answer.Next(); left-- {
			if err := answer.Scan(dest...); err != nil {
				b.Fatal(err)
			}
		}
		require.NoError(b, errors.Join(answer.Err(), answer.Close()))
	}
	return float64(rows) / time.Since(began).Seconds()
}

// connectOfJava is what Confluent's JDBC source, incrementing, as JSON with
// schemas, was measured to reach of Kafka's own Java producer on one machine:
// 60,000 rows a second of 130,000 records.
const connectOfJava = 60. / 130

// BenchmarkToKafka moves the whole of sbtest1 to a topic of three partitions, as
// JSON with schemas; an operation is a row. Beside it stands what the server and
// the driver need for the same rows, as in BenchmarkScan, and Kafka's Java
// producer with as many records of the size, each just before. times-Confluent
// is rows/s over what Confluent would reach where the Java producer is that
// fast, by connectOfJava: that ratio carries over to other machines.
func BenchmarkToKafka(b *testing.B) {
	s, server, database := sbtest(b)
	broker := testserver.Kafka(b)
	json := converter.NewJSON(converter.JSONConfig{Schemas: true})
	size := recordSize(b, s, json)
	var rows, scan, java, cpu float64
	for b.Loop() {
		scan += scanRate(b, server.DB(b, database), rawColumns(), benchRows)
		java += broker.JavaProducer(b, benchRows, size)
		topic := broker.Topic(b, 3)
		ctx, stop := context.WithCancel(b.Context())
		written := 0
		e, err := engine.New(engine.Config{
			Name: "sbtest", Source: s, Sink: kafka.Sink{Brokers: broker.Brokers}, Encode: engine.Converters{Key: json, Value: json},
			Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) { r.Topic = topic; return true, nil })},
			Trace: engine.Trace{Write: func(i engine.WriteInfo) {
				if written += i.Records; written >= benchRows {
					stop()
				}
			}},
		})
		require.NoError(b, err)
		before, began := processorTime(b), time.Now()
		require.NoError(b, e.Run(ctx))
		rows += benchRows / time.Since(began).Seconds()
		cpu += float64((processorTime(b) - before).Nanoseconds()) / 1000 / benchRows
		require.Equal(b, benchRows, written)
	}
	n := float64(b.N)
	b.ReportMetric(rows/n, "rows/s")
	b.ReportMetric(cpu/n, "cpu-us/row")
	b.ReportMetric(scan/n, "scan/s")
	b.ReportMetric(java/n, "java/s")
	b.ReportMetric(rows/(java*connectOfJava), "times-Confluent")
}

// recordSize is how many bytes a row of the source is as a record.
func recordSize(b *testing.B, s jdbc.Source, text *converter.JSON) int {
	r, err := s.Open(b.Context(), nil)
	require.NoError(b, err)
	defer r.Close()
	batch, err := r.Read(b.Context())
	require.NoError(b, err)
	size := 0
	for _, rec := range batch.Records {
		value, err := text.Append(nil, rec.Topic, rec.ValueSchema, rec.Value)
		require.NoError(b, err)
		size += len(value)
	}
	return size / len(batch.Records)
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
