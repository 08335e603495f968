package testserver

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// kafkaKind is Apache Kafka from Maven's repository: one node, which is broker and controller.
func kafkaKind() Kind {
	return Kind{
		Name:  "kafka",
		Env:   "TAILRACE_KAFKA",
		needs: []need{{"java", "default-jre-headless"}, {"mvn", "maven"}},
		start: startKafka,
	}
}

//go:embed kafka.pom.xml
var kafkaPOM []byte

func startKafka(ctx context.Context, s *Site, options []string) (*Process, error) {
	jars, err := s.maven(ctx, "kafka", kafkaPOM, "copy-dependencies")
	if err != nil {
		return nil, err
	}
	formatted, err := s.cache.Dir(ctx, "kafka/data-"+filepath.Base(jars), func(dir string) error {
		return s.formatKafka(ctx, jars, dir)
	})
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	controller, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, os.TempDir(), "kafka")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: "kafka", dir: dir, attr: &syscall.SysProcAttr{}, stop: syscall.SIGTERM, release: release}
	p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p.URL = p.Addr
	p.ready = func(ctx context.Context) error { return kafkaServes(ctx, p.Addr) }
	p.argv = []string{"java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", jars + "/*", "kafka.Kafka", dir + "/server.properties"}
	if err := errors.Join(
		copyData(filepath.Join(dir, "data"), formatted),
		os.WriteFile(filepath.Join(dir, "server.properties"), kafkaProperties(dir, port, controller, options), 0o644),
	); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// kafkaProperties returns a broker's configuration. The options come last, and the last value of a property holds.
func kafkaProperties(dir string, port, controller int, options []string) []byte {
	return fmt.Appendf(nil, `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[3]d
listeners=PLAINTEXT://127.0.0.1:%[2]d,CONTROLLER://127.0.0.1:%[3]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[2]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=%[1]s/data
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
%[4]s
`, dir, port, controller, strings.Join(options, "\n"))
}

// formatKafka fills dir with the empty storage of a new broker.
func (s *Site) formatKafka(ctx context.Context, jars, dir string) error {
	return s.log.During("kafka", "format storage", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, os.TempDir(), "kafka-format")
		if err != nil {
			return err
		}
		defer release()
		defer os.RemoveAll(run)
		properties := filepath.Join(run, "server.properties")
		if err := os.WriteFile(properties, kafkaProperties(run, 9092, 9093, nil), 0o644); err != nil {
			return err
		}
		cmd := command(ctx, output, &syscall.SysProcAttr{}, "java", "-cp", jars+"/*", "kafka.tools.StorageTool", "format",
			"-t", "dGFpbHJhY2UtdGVzdHMtMQ", "-c", properties)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("kafka.tools.StorageTool format: %w", err)
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(run, "data")))
	})
}

// maven returns a directory with what a project object model depends on: the jars as they are, copy-dependencies, or what archives
// hold, unpack-dependencies. Another model makes another directory.
func (s *Site) maven(ctx context.Context, name string, pom []byte, goal string) (jars string, err error) {
	hash := fnv.New32a()
	hash.Write(pom)
	return s.cache.Dir(ctx, fmt.Sprintf("%s/jars-%08x", name, hash.Sum32()), func(dir string) error {
		return s.log.During(name, "bring jars by Maven", func(output io.Writer) error {
			project, err := os.MkdirTemp("", "tailrace-maven-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(project)
			if err := os.WriteFile(filepath.Join(project, "pom.xml"), pom, 0o644); err != nil {
				return err
			}
			cmd := command(ctx, output, &syscall.SysProcAttr{}, "mvn", "--batch-mode", "dependency:"+goal,
				"-DincludeScope=runtime", "-DoutputDirectory="+dir)
			cmd.Dir = project
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("mvn dependency:%s: %w", goal, err)
			}
			return nil
		})
	})
}

// kafkaServes returns nil when the broker at addr is registered with its controller and answers.
func kafkaServes(ctx context.Context, addr string) error {
	client, done := kafkaClient(addr)
	defer done()
	cluster, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return err
	}
	if len(cluster.Brokers) == 0 {
		return errors.New("it knows no broker yet")
	}
	return nil
}

func kafkaClient(brokers ...string) (client *kafka.Client, done func()) {
	transport := &kafka.Transport{MetadataTTL: 100 * time.Millisecond}
	return &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: 20 * time.Second, Transport: transport}, transport.CloseIdleConnections
}

// KafkaServer is a Kafka cluster as one test sees it.
type KafkaServer struct {
	Brokers []string // host:port

	lifecycle
	client *kafka.Client
}

// Kafka returns the Kafka cluster that all tests share. It makes no topic by itself.
func Kafka(t testing.TB) *KafkaServer {
	t.Helper()
	return newKafkaServer(t, sharedURL(t, kafkaKind()), nil)
}

// StartKafka starts a broker for this test alone. The options are broker properties, as in "auto.create.topics.enable=true";
// they override those of the shared broker, which hold otherwise.
func StartKafka(t testing.TB, options ...string) *KafkaServer {
	t.Helper()
	// After a kill, the controller lets the broker in again when the session of the old one is over: 9 s by default.
	p := start(t, kafkaKind(), append([]string{"broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500"}, options...))
	return newKafkaServer(t, p.URL, p)
}

func newKafkaServer(t testing.TB, brokers string, p *Process) *KafkaServer {
	s := &KafkaServer{Brokers: strings.Split(brokers, ","), lifecycle: lifecycle{p}}
	client, done := kafkaClient(s.Brokers...)
	s.client = client
	t.Cleanup(done)
	return s
}

// Topic makes a topic of a new name, ready to be written, which is deleted at the end of the test. The configs are topic
// properties, as in "cleanup.policy=compact".
func (s *KafkaServer) Topic(t testing.TB, partitions int, configs ...string) string {
	t.Helper()
	name := uniqueName(t)
	topic := kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	for _, config := range configs {
		key, value, _ := strings.Cut(config, "=")
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{ConfigName: key, ConfigValue: value})
	}
	response, err := s.client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err = errors.Join(err, topicError(response, name)); err != nil {
		t.Fatalf("make topic %s on %v: %v", name, s.Brokers, err)
	}
	if s.process == nil {
		t.Cleanup(func() { s.delete(t, name) })
	}
	if err := s.awaitTopic(t.Context(), name, partitions); err != nil {
		t.Fatalf("wait for topic %s on %v: %v", name, s.Brokers, err)
	}
	return name
}

func topicError(response *kafka.CreateTopicsResponse, name string) error {
	if response == nil {
		return nil
	}
	return response.Errors[name]
}

// awaitTopic returns when every partition of the topic is served by its leader.
func (s *KafkaServer) awaitTopic(ctx context.Context, name string, partitions int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}}
	for partition := range partitions {
		request.Topics[name] = append(request.Topics[name], kafka.LastOffsetOf(partition))
	}
	for {
		// The metadata name a leader before it knows that it leads: only the leader's own answer counts.
		response, err := s.client.ListOffsets(ctx, request)
		if err == nil {
			for _, partition := range response.Topics[name] {
				err = errors.Join(err, partition.Error)
			}
			if err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *KafkaServer) delete(t testing.TB, topic string) {
	t.Helper()
	response, err := s.client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err == nil {
		err = response.Errors[topic]
	}
	if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("delete topic %s on %v: %v", topic, s.Brokers, err)
	}
}
