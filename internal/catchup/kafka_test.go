package catchup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// The rows of the bench tables arrive in Kafka, as JSON with schemas, which is
// what a worker writes by itself. The files are those of a Connect worker, for
// both. The target is 8 times the rows a second of Debezium on such a worker.
func BenchmarkSnapshotMySQLToKafka(b *testing.B) {
	scale := scale(b)
	server, rows := startFilled(b, scale)
	workers := []struct {
		name    string
		command []string
	}{{"tailrace", []string{program.Build(b, "../../examples/connect")}}}
	if oracle := os.Getenv(oracleEnv); oracle != "" {
		workers = append(workers, struct {
			name    string
			command []string
		}{"debezium", []string{oracle, "worker"}})
	}
	broker := testserver.StartKafka(b)
	for round := range 3 {
		for _, w := range workers {
			if w.name != "tailrace" && round > 0 {
				continue // it takes long enough once
			}
			b.Run(fmt.Sprintf("%s/%d", w.name, round), func(b *testing.B) {
				for range b.N {
					toKafka(b, w.command, server, broker, fmt.Sprintf("%s%d", w.name, round), rows).report(b, rows)
				}
			})
		}
	}
}

// toKafka runs a worker until all rows are in Kafka.
func toKafka(b *testing.B, command []string, server *testserver.MySQLServer, broker *testserver.KafkaServer, prefix string, rows int) (m measured) {
	b.Helper()
	dir := b.TempDir()
	file := func(name, format string, args ...any) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	worker := file("worker.properties", `bootstrap.servers=%s
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.file.filename=%s/offsets
listeners=http://127.0.0.1:0
`, strings.Join(broker.Brokers, ","), dir)
	host, port, _ := strings.Cut(server.Addr, ":")
	connector := file("connector.properties", `name=%[1]s
connector.class=io.debezium.connector.mysql.MySqlConnector
tasks.max=1
topic.prefix=%[1]s
topic.creation.default.partitions=1
topic.creation.default.replication.factor=1
database.hostname=%[2]s
database.port=%[3]s
database.user=%[4]s
database.password=%[5]s
database.server.id=7900
database.include.list=bench
include.schema.changes=false
schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
schema.history.internal.file.filename=%[6]s/history
`, prefix, host, port, server.User, server.Password, dir)
	cmd := exec.Command(command[0], append(command[1:], worker, connector)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	end := func() { _ = cmd.Process.Kill(); <-ended }
	defer end()
	topics := delivered{client: &kafka.Client{Addr: kafka.TCP(broker.Brokers...)}, topics: []string{prefix + ".bench.orders", prefix + ".bench.sbtest1"}}
	began := time.Now()
	var first time.Time
	before, told := 0, began
	for n := 0; n < rows; {
		select {
		case <-ended:
			b.Fatalf("the worker ended:\n%s", tail(out.String(), 4000))
		case <-time.After(20 * time.Millisecond):
		}
		if n = topics.count(b.Context()); first.IsZero() && n > 0 {
			first, before = time.Now(), n
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			progress("%s: %d of %d rows are in Kafka", prefix, n, rows)
		}
	}
	m.rate = float64(rows-before) / time.Since(first).Seconds()
	m.startup = first.Sub(began).Seconds()
	end()
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.rss = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return m
}

// delivered counts what topics of one partition hold.
type delivered struct {
	client *kafka.Client
	topics []string
}

func (d delivered) count(ctx context.Context) (n int) {
	request := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}}
	for _, topic := range d.topics {
		request.Topics[topic] = []kafka.OffsetRequest{kafka.LastOffsetOf(0)}
	}
	response, err := d.client.ListOffsets(ctx, request)
	if err != nil {
		return 0 // the topics are not there yet
	}
	for _, partitions := range response.Topics {
		for _, p := range partitions {
			n += int(max(p.LastOffset, 0))
		}
	}
	return n
}
