package debezium_test

import (
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// benchChange is an insert into the bench table orders.
func benchChange() tailrace.Record {
	optional := func(b *tailrace.SchemaBuilder) *tailrace.Schema { return b.Optional().MustBuild() }
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").Optional().
		Field("id", tailrace.Int64Schema).
		Field("customer_id", tailrace.OptionalInt32Schema).
		Field("status", optional(tailrace.Semantic(tailrace.EnumName).Parameter("allowed", "new,paid,shipped"))).
		Field("total", optional(tailrace.DecimalSchema(2))).
		Field("note", tailrace.OptionalStringSchema).
		Field("created_at", optional(tailrace.Semantic(tailrace.MicroTimestampName))).
		Field("updated_at", optional(tailrace.Semantic(tailrace.ZonedTimestampName))).
		Field("attrs", optional(tailrace.Semantic(tailrace.JSONName))).
		MustBuild()
	r := event(tailrace.OpCreate, tailrace.Value{}, tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Int32(42), tailrace.String("paid"), tailrace.Decimal(big.NewInt(123456)), tailrace.String("leave it at the door"),
		tailrace.Int64(1700000000123456), tailrace.String("2023-11-14T22:13:20.123Z"), tailrace.String(`{"gift": true, "size": 3}`),
	}))
	source, _ := r.ValueSchema.Field("source")
	r.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
		Field("before", row).Field("after", row).Field("source", source.Schema).Field("op", tailrace.StringSchema).MustBuild()
	return r
}

func BenchmarkUnwrapReplaceFieldAndInsertField(b *testing.B) {
	t := transform.Chain(
		transform.Must(debezium.ExtractNewRecordState{AddFields: []string{"op", "source.ts_ms"}}.New()),
		transform.Must(transform.ReplaceField{Exclude: []string{"note"}, Rename: map[string]string{"total": "amount"}}.New()),
		transform.Must(transform.InsertField{Topic: "topic", Static: "origin", StaticValue: "shop"}.New()),
	)
	change := benchChange()
	r := new(tailrace.Record)
	heap := make([]byte, 64<<20) // about what an engine with its batches has, so that garbage is collected as often
	defer runtime.KeepAlive(heap)
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		*r = change
		if _, err := t.Apply(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/(cpu()-start).Seconds(), "records/CPU-s")
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkConnect is the same chain in Connect's and Debezium's own transforms,
// in a JVM that is warm, where $TAILRACE_CONNECT_CLASSPATH says where their
// classes are: the best of eight rounds.
func BenchmarkConnect(b *testing.B) {
	classes := os.Getenv("TAILRACE_CONNECT_CLASSPATH")
	if classes == "" {
		b.Log("TAILRACE_CONNECT_CLASSPATH names no classes: nothing is measured")
		return
	}
	out, err := exec.Command("java", "-cp", classes, "testdata/ConnectBench.java").Output()
	if err != nil {
		b.Fatal(err)
	}
	var rate, kept float64
	if _, err := fmt.Sscan(string(out), &rate, &kept); err != nil {
		b.Fatalf("%q: %v", out, err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate, "records/CPU-s")
}
