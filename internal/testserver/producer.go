package testserver

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// JavaProducer has Kafka's own Java producer, by its program kafka-producer-perf-test with the settings that both have by
// themselves, write records of size bytes to a topic of three partitions, and returns how many it wrote a second. It is what a
// benchmark of a sink stands beside, and what tells one machine from another.
func (s *KafkaServer) JavaProducer(t testing.TB, records, size int) float64 {
	t.Helper()
	site, err := NewSite(NewLog(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	jars, err := site.maven(t.Context(), "kafka", kafkaPOM, "copy-dependencies")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "java", "-Xmx512m", "-cp", jars+"/*", "org.apache.kafka.tools.ProducerPerformance",
		"--bootstrap-server", strings.Join(s.Brokers, ","), "--topic", s.Topic(t, 3), "--num-records", strconv.Itoa(records),
		"--record-size", strconv.Itoa(size), "--throughput", "-1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run kafka-producer-perf-test: %v\n%s", err, out)
	}
	rate, err := producerRate(string(out))
	if err != nil {
		t.Fatal(err)
	}
	return rate
}

// producerRate reads the records a second of the last line of kafka-producer-perf-test that has them: that of the whole run.
func producerRate(out string) (rate float64, err error) {
	err = fmt.Errorf("kafka-producer-perf-test tells no rate:\n%s", out)
	for line := range strings.Lines(out) {
		var records int
		var r float64
		if n, _ := fmt.Sscanf(line, "%d records sent, %f records/sec", &records, &r); n == 2 {
			rate, err = r, nil
		}
	}
	return rate, err
}
