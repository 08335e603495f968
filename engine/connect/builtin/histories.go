package builtin

import (
	"context"
	jsontext "encoding/json"
	"fmt"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	offsets "github.com/tailrace-io/tailrace/offset/kafka"
	"github.com/tailrace-io/tailrace/sink/kafka"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// histories are the stores of schema histories that need more than a file.
func histories() mysql.Histories {
	return mysql.Histories{"KafkaSchemaHistory": kafkaHistory, "JdbcSchemaHistory": sqlHistory}
}

// kafkaHistory keeps definitions in a compacted topic beside the one in which
// Debezium kept its history.
func kafkaHistory(p *property.Set) mysql.History {
	const topicKey, brokersKey = mysql.HistoryProperties + "kafka.topic", mysql.HistoryProperties + "kafka.bootstrap.servers"
	topic, brokers := p.String(topicKey), p.List(brokersKey)
	if topic == "" {
		p.Errorf(topicKey, "is required with KafkaSchemaHistory: name the topic")
	}
	if len(brokers) == 0 {
		p.Errorf(brokersKey, "is required with KafkaSchemaHistory: name some of the cluster's brokers, as host:port")
	}
	client := p.Sub(mysql.HistoryProperties + "consumer.").Use(kafkawire.ConnectionProperties())
	to := kafkawire.Properties{Own: client, Flat: client, Common: kafkawire.ConnectionProperties()}.Security()
	to.Brokers = brokers
	return mysql.History{
		Store: &offsets.Store{Brokers: brokers, TLS: to.TLS, SASL: to.SASL, ClientID: to.ClientID,
			Topic: topic + ".tables", TopicSettings: kafka.TopicSettings{Partitions: 1, ReplicationFactor: -1}},
		Debezium: func(ctx context.Context, record func([]byte) error) error {
			if err := readTopic(ctx, to, topic, record); err != nil {
				return fmt.Errorf("topic %s: %w", topic, err)
			}
			return nil
		},
	}
}

// readTopic reads the values of the first partition of a topic, up to what is
// its last now; none where there is no such topic.
func readTopic(ctx context.Context, to kafkawire.Settings, topic string, value func([]byte) error) error {
	end, err := endOf(ctx, to, topic)
	if err != nil || end == 0 {
		return err
	}
	src := sourcekafka.Source{Brokers: to.Brokers, TLS: to.TLS, SASL: to.SASL, ClientID: to.ClientID, Topics: []string{topic}, Partitions: []int32{0}}
	r, err := src.Open(ctx, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	for next := int64(0); next < end; {
		b, err := r.Read(ctx)
		if err != nil {
			return err
		}
		for i := range b.Records {
			if err := value(b.Records[i].Value.Bytes()); err != nil {
				return err
			}
		}
		for _, o := range b.Offsets {
			var at struct {
				Next int64 `json:"kafka_offset"`
			}
			if err := jsontext.Unmarshal([]byte(o.Position), &at); err != nil {
				return err
			}
			next = at.Next
		}
	}
	return nil
}

// endOf is the offset behind the last record; 0 where there is none.
func endOf(ctx context.Context, to kafkawire.Settings, topic string) (int64, error) {
	c := kafkawire.New(to.WithDefaults())
	defer c.Close()
	m, err := c.Metadata(ctx, []string{topic}, false)
	if err != nil {
		return 0, err
	}
	for i := range m.Topics {
		for _, p := range m.Topics[i].Partitions {
			leader := c.Broker(p.LeaderID)
			if p.PartitionIndex != 0 || leader == nil {
				continue
			}
			first, err := c.ListOffsets(ctx, leader, topic, 0, kafkawire.AtStart, false)
			if err != nil {
				return 0, err
			}
			end, err := c.ListOffsets(ctx, leader, topic, 0, kafkawire.AtEnd, false)
			if err != nil || first == end {
				return 0, err
			}
			return end, nil
		}
	}
	return 0, nil
}
