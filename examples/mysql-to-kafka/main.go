// Mysql-to-kafka forwards the changes of a MySQL database to Kafka, in the
// topics and with the JSON that Debezium would write.
//
//	go run ./examples/mysql-to-kafka -addr localhost:3306 -user cdc -database shop -brokers localhost:9092
//
// The password comes from the environment variable MYSQL_PWD. A line every two
// seconds tells how it goes. Interrupt it: what was read is written, and the
// next run goes on from there.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mysql-to-kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "localhost:3306", "the MySQL server's host and port")
	user := flag.String("user", "root", "the MySQL user; the password is in MYSQL_PWD")
	database := flag.String("database", "shop", "the database whose tables are forwarded")
	prefix := flag.String("prefix", "mysql", "what the topics' names begin with: PREFIX.DATABASE.TABLE")
	brokers := flag.String("brokers", "localhost:9092", "some of the Kafka brokers, separated by commas")
	offsets := flag.String("offsets", "mysql-to-kafka.offsets", "the file that keeps how far the last run came")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many; see -help", flag.Arg(0))
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	json := converter.NewJSON(converter.JSONConfig{})
	var m meter
	eng, err := engine.New(engine.Config{
		Name: *prefix + "-to-kafka",
		Source: mysql.Source{
			Addr: *addr, User: *user, Password: os.Getenv("MYSQL_PWD"),
			TopicPrefix: *prefix, Databases: mysql.Include(*database), Log: log,
			SnapshotThreads: 2, Progress: func(p source.Progress) { fmt.Println(p) },
		},
		Encode: engine.Converters{Key: json, Value: json, Header: json},
		Sink: kafka.Sink{
			Brokers: strings.Split(*brokers, ","), Compression: kafka.LZ4,
			TopicCreation: kafka.TopicCreation{Enable: true, TopicSettings: kafka.TopicSettings{Partitions: 3, ReplicationFactor: 1}},
		},
		Offsets: offset.File(*offsets),
		Log:     log,
		Trace:   m.trace(),
	})
	if err != nil {
		return err
	}
	done := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() { m.report(2*time.Second, done) })
	defer reporting.Wait()
	defer close(done)
	return eng.Run(ctx)
}

// meter counts what the engine tells, and prints a line now and then.
type meter struct{ records, bytes, lag, queued, retries atomic.Int64 }

func (m *meter) trace() engine.Trace {
	return engine.Trace{
		Write: func(i engine.WriteInfo) {
			m.records.Add(int64(i.Records))
			m.bytes.Add(int64(i.Bytes))
			m.lag.Store(int64(i.Lag))
			m.queued.Store(int64(i.QueuedBytes))
		},
		Retry: func(engine.RetryInfo) { m.retries.Add(1) },
	}
}

func (m *meter) report(every time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var was int64
	for {
		select {
		case <-tick.C:
			n := m.records.Load()
			fmt.Printf("%s  %9d records  %8.0f/s  %8.1f MB  %8v behind  %6.1f MB queued  %d retries\n",
				time.Now().Format("15:04:05"), n, float64(n-was)/every.Seconds(), float64(m.bytes.Load())/1e6,
				time.Duration(m.lag.Load()).Round(time.Millisecond), float64(m.queued.Load())/1e6, m.retries.Load())
			was = n
		case <-done:
			fmt.Printf("%d records, %.1f MB\n", m.records.Load(), float64(m.bytes.Load())/1e6)
			return
		}
	}
}
