package jdbc_test

import (
	"flag"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

var batchRows = flag.Int("batch-rows", 0, "how many rows a statement of the benchmarks has; 0 for the default")

var (
	saleKey = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int64Schema).MustBuild()
	sale    = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int64Schema).
		Field("k", tailrace.Int32Schema).Field("c", tailrace.StringSchema).Field("pad", tailrace.OptionalStringSchema).
		Field("total", tailrace.DecimalSchema(2).MustBuild()).
		Field("at", tailrace.Semantic(tailrace.MicroTimestampName).MustBuild()).MustBuild()
)

// sales are rows of about 240 bytes, as sysbench's, with a decimal and a time.
func sales(first, n int) []tailrace.Record {
	const c = "68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918-19503783441"
	out := make([]tailrace.Record, n)
	for i := range out {
		id := int64(first + i)
		out[i] = tailrace.Record{
			Topic: "sales", KeySchema: saleKey, Key: tailrace.StructOf([]tailrace.Value{tailrace.Int64(id)}), ValueSchema: sale,
			Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(id), tailrace.Int32(int32(id % 1000)), tailrace.String(c), tailrace.String(c[:59]),
				tailrace.Decimal(big.NewInt(id)), tailrace.Int64(moment.UnixMicro() + id)}),
		}
	}
	return out
}

// BenchmarkWrite upserts batches of new rows, and then of rows that are there.
func BenchmarkWrite(b *testing.B) {
	const batch = 5000
	for _, name := range []string{"sqlite", "postgres", "mysql", "mariadb"} {
		for _, mode := range []string{"new", "there"} {
			b.Run(fmt.Sprintf("%s/%s", name, mode), func(b *testing.B) {
				d := newTarget(b, name)
				s := d.sink()
				s.OffsetTable = "offsets"
				s.InsertMode = jdbc.InsertUpsert
				s.BatchRows = *batchRows
				w := open(b, s)
				tx := w.(sink.Transactional)
				_, err := tx.Begin(b.Context(), "bench")
				require.NoError(b, err)
				records := sales(0, batch)
				require.NoError(b, tx.WriteTx(b.Context(), records, nil))
				next := batch
				b.ReportAllocs()
				for b.Loop() {
					if mode == "new" {
						b.StopTimer()
						records = sales(next, batch)
						next += batch
						b.StartTimer()
					}
					if err := tx.WriteTx(b.Context(), records, []tailrace.Offset{{Partition: "{}", Position: fmt.Sprint(next)}}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
