package property_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// shop is the table of a driver that never was.
func shop() property.Table {
	return property.Table{
		{Key: "database.hostname", Required: true, Doc: "The host that the server runs on."},
		{Key: "database.port", Type: property.Int, Default: "3306", Check: property.Between(1, 65535), Doc: "Its port."},
		{Key: "database.password", Type: property.Password, Doc: "The password."},
		{Key: "table.include.list", Type: property.Regexps, Doc: "The tables to read."},
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial", Values: []string{"initial", "no_data"}, Later: []string{"custom"}, Doc: "What to begin with."},
		{Key: "skipped.operations", Type: property.List, Values: []string{"c", "u", "d", "t", "none"}, Default: "t", Doc: "What to leave out."},
		{Key: "poll.interval.ms", Type: property.Millis, Default: "500", Check: property.AtLeast(0), Doc: "How long to wait."},
		{Key: "tombstones.on.delete", Type: property.Bool, Default: "true", Doc: "Whether a delete is followed by a tombstone."},
		{Key: "sample.rate", Type: property.Float, Default: "0.5", Doc: "How much to look at."},
		{Key: "max.bytes", Type: property.Int64, Default: "0", Doc: "A bound."},
		{Key: "regex", Type: property.Regexp, Doc: "What to look for."},
		{Key: "column.truncate.to.<n>.chars", Type: property.Regexps, Doc: "Columns to cut off."},
		{Key: "driver.*", Doc: "What the driver gets."},
		{Key: "database.jdbc.driver", Ignored: "the driver is part of the program", Doc: "The driver."},
		{Key: "signal.data.collection", Unsupported: "signals", Doc: "The table of signals."},
	}
}

func TestTableIsSound(t *testing.T) { require.NoError(t, shop().Verify()) }

func TestVerifyNamesWhatIsWrongWithATable(t *testing.T) {
	err := property.Table{
		{Key: "a", Doc: "One."}, {Key: "a", Doc: "Two."}, {Key: "b"}, {Key: "c", Required: true, Default: "1", Doc: "Three."},
		{Key: "d", Type: property.Int, Default: "x", Doc: "Four."}, {Key: "e", Type: property.Enum, Doc: "Five."}, {Key: "f.<n", Doc: "Six."},
	}.Verify()
	assert.EqualError(t, err, `property "a": the key is empty or there twice
property "b": the doc must be a sentence that ends in a full stop
property "c": a required property has no use for the default "1"
property "d": the default "x": must be a whole number
property "e": an enum, and only that or a list, has values
property "f.<n": the key must be like "a.b", "a.<b>.c" or "a.*"`)
}

func TestValuesAreTakenByTheirTypes(t *testing.T) {
	p := property.New(map[string]string{
		"database.hostname": " db ", "database.port": " +3307 ", "database.password": " s3cret ",
		"table.include.list": `shop\.orders, SHOP\.c{1\,2}ustomers,,`, "snapshot.mode": "NO_DATA", "skipped.operations": "C, t",
		"poll.interval.ms": "9223372036854775807", "tombstones.on.delete": "FALSE", "sample.rate": "1e-3", "max.bytes": "8589934592",
		"regex": "a(b)c", "driver.useSSL": "true", "driver.a.b": "c", "column.truncate.to.10.chars": "a,b", "column.truncate.to.20.chars": "c",
	}).Use(shop())
	assert.Equal(t, "db", p.String("database.hostname"))
	assert.Equal(t, 3307, p.Int("database.port"))
	assert.Equal(t, int64(3307), p.Int64("database.port"))
	assert.Equal(t, " s3cret ", p.Password("database.password"))
	assert.Equal(t, "no_data", p.Enum("snapshot.mode"))
	assert.Equal(t, []string{"c", "t"}, p.List("skipped.operations"))
	assert.Equal(t, time.Duration(math.MaxInt64).Truncate(time.Millisecond), p.Millis("poll.interval.ms"))
	assert.False(t, p.Bool("tombstones.on.delete"))
	assert.Equal(t, 1e-3, p.Float("sample.rate"))
	assert.Equal(t, int64(8<<30), p.Int64("max.bytes"))
	assert.True(t, p.Regexp("regex").MatchString("abc"))
	assert.False(t, p.Regexp("regex").MatchString("xabcx"))

	tables := p.Regexps("table.include.list")
	require.Len(t, tables, 2)
	assert.True(t, tables[0].MatchString("SHOP.Orders"))
	assert.False(t, tables[0].MatchString("shop.orders_old"))
	assert.True(t, tables[1].MatchString("shop.ccustomers"))

	assert.Equal(t, []property.Match{{Key: "driver.a.b", Args: []string{"a.b"}}, {Key: "driver.useSSL", Args: []string{"useSSL"}}}, p.Matches("driver.*"))
	assert.Equal(t, "true", p.String("driver.useSSL"))
	cuts := p.Matches("column.truncate.to.<n>.chars")
	require.Len(t, cuts, 2)
	assert.Equal(t, []string{"10"}, cuts[0].Args)
	assert.Len(t, p.Regexps(cuts[0].Key), 2)
	assert.NoError(t, p.Err())
	assert.Empty(t, p.Notes())
}

func TestWithoutAValueThereIsTheDefault(t *testing.T) {
	p := property.New(map[string]string{"database.hostname": "db"}).Use(shop())
	assert.Equal(t, 3306, p.Int("database.port"))
	assert.Equal(t, "", p.Password("database.password"))
	assert.Equal(t, "initial", p.Enum("snapshot.mode"))
	assert.Equal(t, []string{"t"}, p.List("skipped.operations"))
	assert.Equal(t, 500*time.Millisecond, p.Millis("poll.interval.ms"))
	assert.True(t, p.Bool("tombstones.on.delete"))
	assert.Nil(t, p.Regexp("regex"))
	assert.Nil(t, p.Regexps("table.include.list"))
	assert.Empty(t, p.Matches("driver.*"))
	assert.True(t, p.Has("database.hostname"))
	assert.False(t, p.Has("database.port"))
	assert.NoError(t, p.Err())
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	p := property.New(map[string]string{
		"database.port": "70000", "databse.password": "hidden", "tabel.include.list": "x", "snapshot.mode": "initail", "skipped.operations": "c,x",
		"poll.interval.ms": "5s", "tombstones.on.delete": "yes", "sample.rate": "0x1p-2", "max.bytes": "99999999999999999999", "regex": "a(?=b)",
		"table.include.list": "shop.orders++", "column.truncate.to.10.char": "a", "made.up": "1", "signal.data.collection": "shop.signals",
	}).Use(shop())
	assert.Equal(t, 3306, p.Int("database.port"), "a wrong value leaves the default")
	assert.EqualError(t, p.Err(), `the configuration is wrong in 15 places:
  column.truncate.to.10.char: no such property; did you mean column.truncate.to.10.chars?
  database.hostname: is required and missing: The host that the server runs on.
  database.port: "70000" must be between 1 and 65535
  databse.password: no such property; did you mean database.password?
  made.up: no such property
  max.bytes: "99999999999999999999" does not fit an integer of 64 bits
  poll.interval.ms: "5s" must be a whole number of milliseconds
  regex: the regular expression "a(?=b)" has a look-ahead (?=…), which is not supported
  sample.rate: "0x1p-2" must be a decimal number
  signal.data.collection: is not supported yet: signals; leave it out
  skipped.operations: "c,x" must be one of c, u, d, t, none
  snapshot.mode: "initail" must be one of initial, no_data; did you mean initial?
  tabel.include.list: no such property
  table.include.list: the regular expression "shop.orders++" has the possessive quantifier ++, which is not supported; leave the second + out
  tombstones.on.delete: "yes" must be true or false`)
}

func TestAKnownValueThatIsNotSupportedYetIsSaidSo(t *testing.T) {
	p := property.New(map[string]string{"database.hostname": "db", "snapshot.mode": "custom"}).Use(shop())
	assert.EqualError(t, p.Err(), `the configuration is wrong: snapshot.mode: "custom" is not supported yet; use one of initial, no_data`)
}

func TestAKeyWithoutMeaningIsTakenAndSaid(t *testing.T) {
	p := property.New(map[string]string{"database.hostname": "db", "database.jdbc.driver": "com.mysql.cj.jdbc.Driver"}).Use(shop())
	p.Use(shop())
	assert.NoError(t, p.Err())
	assert.Equal(t, []string{"database.jdbc.driver has no effect: the driver is part of the program"}, p.Notes())
}

func TestAnUnsupportedKeyMayHaveItsDefault(t *testing.T) {
	p := property.New(map[string]string{"database.hostname": "db", "signal.data.collection": ""}).Use(shop())
	assert.NoError(t, p.Err())
}

func TestAPartHasItsOwnTableAndSharesTheProblems(t *testing.T) {
	p := property.New(map[string]string{"database.hostname": "db", "key.converter.schemas.enabel": "false", "value.converter.schemas.enable": "maybe", "producer.acks": "1"}).Use(shop())
	converter := property.Table{{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "Whether schemas go along."}}
	assert.True(t, p.Sub("key.converter.").Use(converter).Bool("schemas.enable"))
	assert.True(t, p.Sub("value.").Sub("converter.").Use(converter).Bool("schemas.enable"))
	assert.Equal(t, map[string]string{"acks": "1"}, p.Sub("producer.").Take())
	assert.EqualError(t, p.Err(), `the configuration is wrong in 2 places:
  key.converter.schemas.enabel: no such property; did you mean key.converter.schemas.enable?
  value.converter.schemas.enable: "maybe" must be true or false`)
}

func TestAPartMayLookElsewhereForWhatItLacks(t *testing.T) {
	table := property.Table{
		{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "Whether schemas go along."},
		{Key: "cache.size", Type: property.Int, Default: "1", Doc: "How much to keep."},
		{Key: "x.*", Type: property.Int, Doc: "More."},
	}
	p := property.New(map[string]string{"converter.schemas.enable": "false", "key.converter.schemas.enable": "true", "converter.cache.size": "many", "converter.x.a": "1"})
	key, value := p.Sub("key.converter.").Else("converter.").Use(table), p.Sub("value.converter.").Else("converter.").Use(table)
	assert.True(t, key.Bool("schemas.enable"))
	assert.False(t, value.Bool("schemas.enable"))
	assert.Equal(t, 1, value.Int("x.a"))
	assert.Equal(t, map[string]string{"schemas.enable": "false", "cache.size": "many", "x.a": "1"}, value.Take())
	assert.EqualError(t, p.Err(), `the configuration is wrong: converter.cache.size: "many" must be a whole number`)
}

func TestAPartOfAPartLooksElsewhereToo(t *testing.T) {
	table := property.Table{
		{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "Whether schemas go along."},
		{Key: "cache.size", Type: property.Int, Default: "1", Doc: "How much to keep."},
	}
	p := property.New(map[string]string{"converter.json.schemas.enable": "false", "converter.json.cache.size": "2", "value.converter.json.cache.size": "3", "converter.json.cash.size": "4"})
	json := p.Sub("value.converter.").Else("converter.").Sub("json.").Use(table)
	assert.False(t, json.Bool("schemas.enable"))
	assert.Equal(t, 3, json.Int("cache.size"))
	assert.False(t, json.Sub("").Use(table).Bool("schemas.enable"), "another reader of the part")
	assert.ErrorContains(t, p.Err(), "converter.json.cash.size: no such property")
}

func TestTwoReadersOfOnePartKeepTheirDefaults(t *testing.T) {
	p := property.New(nil)
	one := p.Sub("").Use(property.Table{{Key: "retries", Type: property.Int, Default: "1", Doc: "How often."}})
	two := p.Sub("").Use(property.Table{{Key: "retries", Type: property.Int, Default: "2", Doc: "How often."}})
	assert.Equal(t, 1, one.Int("retries"))
	assert.Equal(t, 2, two.Int("retries"))
}

func TestReadingWhatTheTableDoesNotHaveIsAnError(t *testing.T) {
	p := property.New(nil).Use(property.Table{{Key: "a", Doc: "One."}})
	assert.Equal(t, 0, p.Int("a"))
	assert.Equal(t, "", p.String("b"))
	assert.EqualError(t, p.Err(), `the configuration is wrong in 2 places:
  a: is read as another type than its table has, which is a mistake in the driver
  b: is read and not in the table of properties, which is a mistake in the driver`)
}

func TestReferencesAreResolvedAndNeverShown(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secrets.properties")
	require.NoError(t, os.WriteFile(file, []byte("password=p w\nhost=db\nport=x99\ntables=a(?=b)\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("t\n"), 0o600))
	t.Setenv("SHOP_ZONE", "eu")

	table := append(shop(), property.Property{Key: "token", Type: property.Password, Doc: "A token."})
	p := property.New(map[string]string{
		"database.hostname": "${file:" + file + ":host}.${env:SHOP_ZONE}.example.com", "database.password": "${file:" + file + ":password}",
		"token": "${dir:" + dir + ":token}", "driver.topic": "${topic}-$1",
	}).Use(table)
	require.NoError(t, p.Err())
	assert.Equal(t, "db.eu.example.com", p.String("database.hostname"))
	assert.Equal(t, "p w", p.Password("database.password"))
	assert.Equal(t, "t\n", p.Password("token"))
	assert.Equal(t, "${topic}-$1", p.String("driver.topic"))

	p = property.New(map[string]string{
		"database.hostname": "${file:/no/such/file:host}", "database.password": "${env:SHOP_NO_SUCH}", "token": "${vault:secret:token}",
		"database.port": "${file:" + file + ":port}", "table.include.list": "${file:" + file + ":tables}", "snapshot.mode": "${file:" + file + ":mode}",
		"regex": "${file:host}", "driver.a": "${dir:" + dir + ":../x}", "driver.b": "${env:a:b}", "driver.c": "${dir:x}",
	}).Use(table)
	assert.EqualError(t, p.Err(), `the configuration is wrong in 10 places:
  database.hostname: ${file:/no/such/file:host} cannot be resolved: open /no/such/file: no such file or directory
  database.password: ${env:SHOP_NO_SUCH} cannot be resolved: the environment has no variable SHOP_NO_SUCH
  database.port: "${file:`+file+`:port}" must be a whole number
  driver.a: ${dir:`+dir+`:../x} cannot be resolved: "../x" is not the name of a file
  driver.b: ${env:a:b} cannot be resolved: a reference to the environment is like ${env:NAME}
  driver.c: ${dir:x} cannot be resolved: a reference to a file in a folder is like ${dir:PATH:FILE}
  regex: ${file:host} cannot be resolved: a reference to a property in a file is like ${file:PATH:KEY}
  snapshot.mode: ${file:`+file+`:mode} cannot be resolved: `+file+` has no property mode
  table.include.list: "${file:`+file+`:tables}" is not a regular expression that can be used
  token: ${vault:secret:token}: there is no provider "vault", only dir, env, file`)
}

func TestConfigProvidersCanBeNamedAndNarrowed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secrets.properties")
	require.NoError(t, os.WriteFile(file, []byte("host=db\n"), 0o600))
	t.Setenv("SHOP_ZONE", "eu")
	config := map[string]string{
		"config.providers":                              "secrets,vars",
		"config.providers.secrets.class":                "org.apache.kafka.common.config.provider.FileConfigProvider",
		"config.providers.vars.class":                   "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
		"config.providers.secrets.param.allowed.paths":  dir,
		"config.providers.vars.param.allowlist.pattern": "SHOP_.*",
		"database.hostname":                             "${secrets:" + file + ":host}.${vars:SHOP_ZONE}",
	}
	p := property.New(config).Use(shop())
	require.NoError(t, p.Err())
	assert.Equal(t, "db.eu", p.String("database.hostname"))

	config["config.providers.vars.class"] += "s"
	config["database.hostname"] = "${secrets:/etc/hostname:host}"
	assert.EqualError(t, property.New(config).Use(shop()).Err(), `the configuration is wrong in 3 places:
  config.providers.vars.class: org.apache.kafka.common.config.provider.EnvVarConfigProviders: no such config provider; did you mean org.apache.kafka.common.config.provider.EnvVarConfigProvider?
  config.providers.vars.param.allowlist.pattern: no such property
  database.hostname: ${secrets:/etc/hostname:host} cannot be resolved: allowed.paths does not allow /etc/hostname`)
}

func TestErrorsCanBeTakenApart(t *testing.T) {
	p := property.New(map[string]string{"a": "1"})
	cause := errors.New("cause")
	p.Errorf("b", "has a %w", cause)
	err := p.Err()
	assert.ErrorIs(t, err, cause)
	var errs property.Errors
	require.ErrorAs(t, err, &errs)
	assert.Equal(t, "a", errs[0].Key)
}

func FuzzSet(f *testing.F) {
	f.Add("database.hostname", "${env:HOME}", "table.include.list", `a\,b,[c`)
	f.Add("column.truncate.to.1.chars", `\Q`, "regex", `[[:alpha:]&&a]`)
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		p := property.New(map[string]string{k1: v1, k2: v2}).Use(shop())
		p.Regexps("table.include.list")
		p.Regexp("regex")
		p.Millis("poll.interval.ms")
		p.List("skipped.operations")
		for _, m := range p.Matches("column.truncate.to.<n>.chars") {
			p.Regexps(m.Key)
		}
		if err := p.Err(); err != nil {
			_ = err.Error()
		}
	})
}

func ExampleSet() {
	table := property.Table{
		{Key: "database.hostname", Required: true, Doc: "The host that the server runs on."},
		{Key: "database.port", Type: property.Int, Default: "3306", Doc: "The port that it listens on."},
	}
	p := property.New(map[string]string{"database.hostnmae": "db.example.com"}).Use(table)
	fmt.Println(p.Int("database.port"))
	fmt.Println(p.Err())
	// Output:
	// 3306
	// the configuration is wrong in 2 places:
	//   database.hostname: is required and missing: The host that the server runs on.
	//   database.hostnmae: no such property; did you mean database.hostname?
}

// renamed is a driver whose properties were called otherwise once.
func renamed() property.Table {
	return property.Table{
		{Key: "topic.prefix", Was: []string{"database.server.name"}, Required: true, Doc: "A name."},
		{Key: "table.include.list", Was: []string{"table.whitelist"}, Type: property.Regexps, Doc: "Tables."},
		{Key: "schema.history.internal.*", Was: []string{"database.history.*"}, Doc: "A store."},
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial", Values: []string{"initial", "no_data"},
			OldValues: map[string]string{"schema_only": "no_data"}, Doc: "What to begin with."},
	}
}

func TestOldNamesAndValuesAreTakenWithANoteEach(t *testing.T) {
	require.NoError(t, renamed().Verify())
	config := map[string]string{
		"database.server.name": "srv", "table.whitelist": "shop.orders", "database.history.kafka.topic": "h", "snapshot.mode": "SCHEMA_ONLY",
	}
	p := property.New(config).Use(renamed())
	require.NoError(t, p.Err())
	assert.Equal(t, "srv", p.String("topic.prefix"))
	assert.True(t, p.Has("table.include.list"))
	assert.Equal(t, "no_data", p.Enum("snapshot.mode"))
	assert.Equal(t, []property.Match{{Key: "schema.history.internal.kafka.topic", Args: []string{"kafka.topic"}}}, p.Matches("schema.history.internal.*"))
	assert.Equal(t, []string{
		"database.history.kafka.topic is an old name of schema.history.internal.kafka.topic, under which it is taken",
		"database.server.name is an old name of topic.prefix, under which it is taken",
		"snapshot.mode has the old value SCHEMA_ONLY, which is taken as no_data",
		"table.whitelist is an old name of table.include.list, under which it is taken",
	}, p.Notes())
	assert.Len(t, config, 4, "the caller's map stays as it was")
}

func TestANewNameCountsBesideAnOldOne(t *testing.T) {
	p := property.New(map[string]string{"database.server.name": "old", "topic.prefix": "new"}).Use(renamed())
	require.NoError(t, p.Err())
	assert.Equal(t, "new", p.String("topic.prefix"))
	assert.Equal(t, []string{"database.server.name is an old name of topic.prefix and has no effect beside it"}, p.Notes())
}

func TestWhatIsWrongUnderAnOldNameIsSaid(t *testing.T) {
	p := property.New(map[string]string{"database.server.name": "s", "table.whitelist": "a(", "snapshot.mode": "schema"}).Use(renamed())
	assert.ErrorContains(t, p.Err(), "table.include.list: ")
	assert.ErrorContains(t, p.Err(), "snapshot.mode: ")
	assert.ErrorContains(t, property.Table{{Key: "a", Was: []string{"b.*"}, Doc: "A."}}.Verify(), `the old name "b.*"`)
}
