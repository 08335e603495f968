package connect_test

import (
	"context"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
)

// A registry of the application's own links nothing that it does not name. The
// class names are those that the configurations at hand have.
func ExampleRegistry_Config() {
	registry := connect.Registry{
		Sources: map[string]func(*property.Set) source.Source{
			"com.example.GreetingConnector": func(p *property.Set) source.Source {
				p.Use(property.Table{
					{Key: "topic", Required: true, Doc: "The topic that greetings go to."},
					{Key: "greeting", Default: "hello", Doc: "What to say."},
				})
				s := memory.Of(tailrace.Record{Topic: p.String("topic"), Value: tailrace.String(p.String("greeting"))})
				s.Close()
				return s
			},
		},
	}
	config, err := property.Parse([]byte(`
name=greeter
connector.class=com.example.GreetingConnector
topic=greetings
plugin.path=/opt/connectors
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg, notes, err := registry.Config(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, note := range notes {
		fmt.Println(note)
	}
	cfg.Sink = sink.Func(func(_ context.Context, records []tailrace.Record) error {
		for _, r := range records {
			fmt.Printf("%s: %s\n", r.Topic, r.Value.Text())
		}
		return nil
	})
	e, err := engine.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Run(context.Background()))
	// Output:
	// offset.storage is not set: where the engine goes on after a restart is only known if the application sets an offset store
	// plugin.path has no effect: there is no JVM
	// greetings: hello
	// <nil>
}

func ExampleRegistry_Config_wrong() {
	registry := connect.Registry{
		Sources: map[string]func(*property.Set) source.Source{
			"io.debezium.connector.mysql.MySqlConnector": func(p *property.Set) source.Source {
				p.Use(property.Table{{Key: "database.hostname", Required: true, Doc: "The host that the server runs on."}})
				return &memory.Source{}
			},
		},
	}
	_, _, err := registry.Config(map[string]string{
		"name":               "shop",
		"connector.class":    "io.debezium.connecotr.mysql.MySqlConnector",
		"databse.hostname":   "db.example.com",
		"errors.tolerence":   "all",
		"errors.max.retries": "often",
	})
	fmt.Println(err)
	// Output:
	// the configuration is wrong in 5 places:
	//   connector.class: io.debezium.connecotr.mysql.MySqlConnector: no such connector; did you mean io.debezium.connector.mysql.MySqlConnector?
	//   database.hostname: is required and missing: The host that the server runs on.
	//   databse.hostname: no such property; did you mean database.hostname?
	//   errors.max.retries: "often" must be a whole number
	//   errors.tolerence: no such property; did you mean errors.tolerance?
}

// A worker's configuration is what its connectors share.
func ExampleRegistry_Worker() {
	registry := connect.Registry{
		Sinks: map[string]func(*property.Set) sink.Sink{
			"com.example.ArchiveSinkConnector": func(p *property.Set) sink.Sink {
				p.Use(property.Table{{Key: "directory", Required: true, Doc: "Where to."}})
				return sink.Func(nil)
			},
		},
		Consumer: func(p *property.Set) source.Source {
			p.Use(property.Table{{Key: "bootstrap.servers", Doc: "The brokers."}, {Key: "topics", Type: property.List, Doc: "The topics."}})
			fmt.Println("reads", p.List("topics"), "from", p.String("bootstrap.servers"))
			return &memory.Source{}
		},
	}
	worker, _, err := registry.Worker(map[string]string{"bootstrap.servers": "kafka:9092", "offset.storage.file.filename": "connect.offsets"})
	if err != nil {
		fmt.Println(err)
		return
	}
	connector, err := connect.ParseConnector([]byte(`{"name": "archive", "config": {"connector.class": "ArchiveSink", "topics": "orders", "directory": "/srv"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg, _, err := worker.Config(connector)
	fmt.Println(cfg.Name, err)
	// Output:
	// reads [orders] from kafka:9092
	// archive <nil>
}
