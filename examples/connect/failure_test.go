package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestWhatIsWrongIsSaidAtOnceAndNothingStarts(t *testing.T) {
	w := &worker{bin: program.Build(t, "."), dir: t.TempDir(), brokers: []string{"127.0.0.1:1"}}
	good := w.file(t, "connect-file-source.properties", "file=test.txt", "file="+w.write(t, "test.txt", ""))
	for name, c := range map[string]struct {
		text string // of a connector beside the good one
		want []string
	}{
		"a misspelt property": {"name=a\nconnector.class=FileStreamSource\nfile=x\ntopik=y\n",
			[]string{"topic: is required and missing", "topik: no such property; did you mean topic?"}},
		"a class that there is not": {"name=a\nconnector.class=org.example.HdfsSinkConnector\n", []string{"connector.class: org.example.HdfsSinkConnector: no such connector"}},
		"two of one name":           {"name=local-file-source\nconnector.class=FileStreamSource\nfile=x\ntopic=y\n", []string{`the name "local-file-source" is that of the connector of ` + good}},
		"no JSON":                   {`{"name": "a", "config": {`, []string{"the configuration is not a JSON object: unexpected EOF"}},
		"a paused connector": {`{"name":"a","initial_state":"PAUSED","config":{"connector.class":"FileStreamSource","file":"x","topic":"y"}}`,
			[]string{`initial_state: "PAUSED": a connector that is given here runs`}},
	} {
		t.Run(name, func(t *testing.T) {
			bad := w.write(t, "bad", c.text)
			complaint := w.start(t, good, bad).Fail()
			for _, want := range c.want {
				assert.Contains(t, complaint, want)
			}
			assert.Contains(t, complaint, "connect: "+bad+": ")
			assert.NoFileExists(t, filepath.Join(w.dir, "connect.offsets"))
		})
	}
	complaint := program.Start(t, w.bin, nil, w.write(t, "worker", "bootstrap.servers=a:9092\noffset.storage.file.filname=x\n"), good).Fail()
	assert.Contains(t, complaint, "offset.storage.file.filename: is required and missing")
}

func TestABrokerThatIsNotThereIsOneErrorAConnector(t *testing.T) {
	w := &worker{bin: program.Build(t, "."), dir: t.TempDir(), brokers: []string{"127.0.0.1:1"}}
	p := w.start(t, w.file(t, "connect-file-source.properties", "file=test.txt", "file="+w.write(t, "test.txt", "")), w.file(t, "connect-file-sink.properties"))
	complaint := p.Fail()
	assert.Equal(t, "connect: 2 of 2 connectors failed: local-file-source, local-file-sink", complaint)
	assert.Equal(t, 2, strings.Count(p.Stderr(), "level=ERROR msg=failed"), p.Stderr())
	assert.Contains(t, p.Stderr(), "connect to 127.0.0.1:1")
}

func TestAConnectorThatFailsLeavesTheOthersRunning(t *testing.T) {
	w := newWorker(t, program.Build(t, "."), testserver.Kafka(t))
	topic := testserver.Kafka(t).Topic(t, 1)
	source := w.write(t, "source.properties", "name=lines\nconnector.class=FileStreamSource\nfile="+w.write(t, "test.txt", "foo\n")+"\ntopic="+topic+"\n")
	fails := w.write(t, "fails.properties", "name=fails\nconnector.class=io.confluent.connect.jdbc.JdbcSourceConnector\nconnection.url=jdbc:sqlite:"+filepath.Join(w.dir, "none.db")+"\nmode=bulk\ntopic.prefix=x-\n")
	p := w.start(t, fails, source)
	p.AwaitStderr("msg=failed connector=fails")
	w.consume(t, topic, 1)
	f, err := os.OpenFile(filepath.Join(w.dir, "test.txt"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("bar\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	w.consume(t, topic, 2)
	_, err = p.Interrupt()
	assert.Error(t, err, "an exit status that says that something failed")
	assert.Contains(t, p.Stderr(), "connect: 1 of 2 connectors failed: fails")
}

// What cannot be read, transformed or written goes to the topic of dead letters,
// as it was read.
func TestDeadLettersAreAsConnectWritesThem(t *testing.T) {
	broker, server := testserver.Kafka(t), testserver.MariaDB(t)
	db := server.Database(t)
	w := newWorker(t, program.Build(t, "."), broker)
	topic := broker.Topic(t, 1)
	server.Exec(t, "CREATE TABLE "+db+".orders (id INT PRIMARY KEY, name VARCHAR(5))")
	message := func(id, name string) *kgo.Record {
		return &kgo.Record{Topic: topic, Value: []byte(`{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int32","optional":false},` +
			`{"field":"name","type":"string","optional":true}]},"payload":{"id":` + id + `,"name":"` + name + `"}}`), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("7")}}}
	}
	records := []*kgo.Record{message("1", "Ann"), {Topic: topic, Value: []byte("no JSON")}, message("2", "much too long"), message("3", "Bob")}
	w.produce(t, records...)
	dead := topic + "-dead"
	p := w.start(t, w.write(t, "sink.json", `{"name":"`+topic+`","config":{"connector.class":"io.confluent.connect.jdbc.JdbcSinkConnector","connection.url":"jdbc:mariadb://`+server.Addr+`/`+db+`","connection.user":"`+server.User+
		`","connection.password":"`+server.Password+`","topics":"`+topic+`","table.name.format":"orders","insert.mode":"insert","pk.mode":"none","errors.tolerance":"all","max.retries":"0",`+
		`"errors.retry.timeout":"0","errors.log.enable":"true","errors.deadletterqueue.topic.name":"`+dead+`","errors.deadletterqueue.topic.replication.factor":"1","errors.deadletterqueue.context.headers.enable":"true"}}`))
	awaitRows(t, server.DB(t, db), "SELECT id, name FROM orders ORDER BY id", "1|Ann", "3|Bob")
	stages := map[string]string{"no JSON": "VALUE_CONVERTER", string(records[2].Value): "TASK_PUT"}
	for _, r := range w.consume(t, dead, 2) {
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = string(h.Value)
		}
		assert.Equal(t, stages[string(r.Value)], headers["__connect.errors.stage"], string(r.Value))
		assert.Equal(t, topic, headers["__connect.errors.topic"])
		assert.NotEmpty(t, headers["__connect.errors.exception.message"])
		if headers["__connect.errors.stage"] == "TASK_PUT" {
			assert.Equal(t, "7", headers["trace"])
		}
	}
	_, err := p.Interrupt()
	require.NoError(t, err)
	assert.NotContains(t, p.Stderr(), "much too long", "values are never logged")
}

func TestTheStandardStreamsStandInForFiles(t *testing.T) {
	broker := testserver.Kafka(t)
	w := newWorker(t, program.Build(t, "."), broker)
	topic := broker.Topic(t, 1)
	cmd := exec.Command(w.bin, w.standalone(t), w.write(t, "source.properties", "name=stdin\nconnector.class=FileStreamSource\ntopic="+topic+"\n"))
	cmd.Stdin = strings.NewReader("foo\nbar")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Len(t, w.consume(t, topic, 2), 2)

	p := w.start(t, w.write(t, "sink.properties", "name="+topic+"\nconnector.class=FileStreamSink\ntopics="+topic+"\n"))
	assert.Equal(t, "foo", p.Await("foo"))
	assert.Equal(t, "bar", p.Await("bar"))
	_, err = p.Interrupt()
	require.NoError(t, err)
}

// A worker of Java has read the first line of test.txt. Its file says so, and
// stays as it is.
func TestTheOffsetsOfAWorkerOfJavaMoveOver(t *testing.T) {
	broker := testserver.Kafka(t)
	w := newWorker(t, program.Build(t, "."), broker)
	topic := broker.Topic(t, 1)
	path := w.write(t, "test.txt", "foo\nbar\n")
	array := func(text string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) + text
	}
	java := "\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16`\xd1\x03\x00\x02F\x00\nloadFactorI\x00\tthresholdxp?@\x00\x00\x00\x00\x00\x0cw\x08\x00\x00\x00\x10\x00\x00\x00\x01" +
		"ur\x00\x02[B\xac\xf3\x17\xf8\x06\x08T\xe0\x02\x00\x00xp" + array(`["lines",{"filename":"`+path+`"}]`) + "uq\x00~\x00\x02" + array(`{"position":4}`) + "x"
	offsets := w.write(t, "connect.offsets", java)
	p := w.start(t, w.write(t, "source.properties", "name=lines\nconnector.class=FileStreamSource\nfile="+path+"\ntopic="+topic+"\n"))
	assert.Contains(t, string(w.consume(t, topic, 1)[0].Value), `"payload":"bar"`)
	_, err := p.Interrupt()
	require.NoError(t, err)
	kept, err := os.ReadFile(offsets)
	require.NoError(t, err)
	assert.Equal(t, java, string(kept))
	own, err := os.ReadFile(offsets + ".json")
	require.NoError(t, err)
	assert.Contains(t, string(own), `"position": {"position":8}`)
}
