package kafka

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
)

var kills = flag.Int("kills", 30, "how often the process that writes exactly once is killed")

// counterEnv makes the test binary an engine that writes numbers to Kafka, to
// the brokers and the topic that it names.
const counterEnv = "TAILRACE_TEST_COUNTER"

type counting struct {
	Brokers []string
	Topic   string
}

func (c counting) sink() ExactlyOnce {
	return ExactlyOnce{
		Sink:         Sink{Brokers: c.Brokers},
		OffsetsTopic: c.Topic + "-offsets", OffsetsTopicSettings: TopicSettings{Partitions: 3},
		TransactionalIDPrefix: c.Topic + "-",
	}
}

// count is the child.
func count(text string) error {
	var c counting
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	var once sync.Once
	e, err := engine.New(engine.Config{
		Name: "counter", Source: counter{c.Topic}, Sink: c.sink(),
		Trace: engine.Trace{Write: func(engine.WriteInfo) { once.Do(func() { fmt.Println("writing") }) }},
	})
	if err != nil {
		return err
	}
	return e.Run(context.Background())
}

// counter is a source that counts, from where it was left.
type counter struct{ topic string }

func (c counter) Open(_ context.Context, from []tailrace.Offset) (source.Reader, error) {
	r := &counterReader{topic: c.topic}
	if len(from) > 0 {
		if _, err := fmt.Sscanf(from[0].Position, `{"next":%d}`, &r.next); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type counterReader struct {
	topic string
	next  int
}

func (r *counterReader) Read(ctx context.Context) (tailrace.Batch, error) {
	n := 1 + rand.IntN(60)
	b := tailrace.Batch{Records: numbered(r.topic, r.next, r.next+n)}
	r.next += n
	b.Offsets = []tailrace.Offset{{Partition: `{"counter":1}`, Position: fmt.Sprintf(`{"next":%d}`, r.next)}}
	return b, ctx.Err()
}

func (r *counterReader) Commit(context.Context, []tailrace.Offset) error { return nil }
func (r *counterReader) Close() error                                    { return nil }

func TestEachRecordIsThereOnceHoweverOftenTheWriterIsKilled(t *testing.T) {
	server := testserver.Kafka(t)
	c := counting{Brokers: server.Brokers, Topic: server.Topic(t, 3)}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	for range *kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), counterEnv+"="+string(text))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		assert.Equal(t, "writing\n", line, "%v", err)
		<-time.After(time.Duration(rand.IntN(200)) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.EqualError(t, cmd.Wait(), "signal: killed")
	}

	_, offsets := begin(t, c.sink(), "counter")
	require.Len(t, offsets, 1)
	var next int
	_, err = fmt.Sscanf(offsets[0].Position, `{"next":%d}`, &next)
	require.NoError(t, err)
	seen := make(map[int]bool)
	for partition := range int32(3) {
		last := -1
		for _, r := range logOf(t, server.Brokers, c.Topic, partition) {
			var number int
			_, err := fmt.Sscan(string(r.Value), &number)
			require.NoError(t, err)
			require.Less(t, last, number, "in partition %d", partition)
			last = number
			seen[number] = true
		}
	}
	for n := range next {
		require.True(t, seen[n], "record %d of %d is lost", n, next)
	}
	require.Len(t, seen, next, "there are records that no offset tells of")
	t.Logf("%d records, %d kills", next, *kills)
}
