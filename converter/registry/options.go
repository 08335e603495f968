package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// Strategy says how the subjects are called under which schemas are registered.
type Strategy uint8

const (
	// TopicName is the topic, and "-key" or "-value": one schema's versions a
	// topic.
	TopicName Strategy = iota

	// RecordName is the full name of the record: one schema's versions a sort
	// of record, whatever its topics.
	RecordName

	// TopicRecordName is the topic, "-" and the full name of the record.
	TopicRecordName
)

// Subject gives the name of the subject.
func (s Strategy) Subject(topic string, key bool, record string) (string, error) {
	if s != TopicName && record == "" {
		return "", errors.New("the subject is to be called after the record, and the schema has no name: name it, or use TopicNameStrategy")
	}
	switch {
	case s == RecordName:
		return record, nil
	case s == TopicRecordName:
		return topic + "-" + record, nil
	case key:
		return topic + "-key", nil
	}
	return topic + "-value", nil
}

// Options say how a converter uses a registry. All but Client may be left out.
type Options struct {
	Client *Client

	// Key says that the converter is for the keys of records, not for values.
	Key bool

	// Subject says how subjects are called.
	// Connect: key.subject.name.strategy and value.subject.name.strategy.
	Subject Strategy

	// NoRegister leaves it to others to register schemas: each must be there.
	// Connect: auto.register.schemas=false.
	NoRegister bool

	// Normalize has the registry take texts that mean the same for the same
	// schema.
	// Connect: normalize.schemas.
	Normalize bool

	// UseLatest writes by the newest schema of the subject, which is registered
	// by others, and which is read once.
	// Connect: use.latest.version.
	UseLatest bool

	// LaxLatest, with UseLatest, leaves out what the newest schema has no field
	// for. Otherwise that is an error.
	// Connect: latest.compatibility.strict=false.
	LaxLatest bool

	// UseID writes by the schema with the id; 0 for none.
	// Connect: use.schema.id.
	UseID int
}

// Validate says what is wrong with the options.
func (o *Options) Validate() error {
	switch {
	case o.Client == nil:
		return errors.New("the converter needs a client of a schema registry")
	case o.UseLatest && !o.NoRegister:
		return errors.New("the newest version is used (use.latest.version) only where schemas are not registered (auto.register.schemas=false)")
	case o.UseID < 0:
		return fmt.Errorf("the id %d of a schema cannot be negative", o.UseID)
	}
	return nil
}

// Given says whether data is written by a schema that the registry has, rather
// than by that of the data.
func (o *Options) Given() bool { return o.UseID > 0 || o.UseLatest && o.NoRegister }

// Enrol gives the id of the schema by which data of the topic is written, and
// the schema itself: s, unless another one is given. Record is the full name of
// the record that s describes.
func (o *Options) Enrol(ctx context.Context, topic, record string, s Schema) (id int, by Schema, err error) {
	if o.UseID > 0 {
		by, err = o.Client.ByID(ctx, o.UseID)
		return o.UseID, by, err
	}
	subject, err := o.Subject.Subject(topic, o.Key, record)
	if err != nil {
		return 0, Schema{}, err
	}
	switch {
	case o.Given():
		v, err := o.Client.Latest(ctx, subject)
		return v.ID, v.Schema, err
	case o.NoRegister:
		id, err = o.Client.Lookup(ctx, subject, s, o.Normalize)
	default:
		id, err = o.Client.Register(ctx, subject, s, o.Normalize)
	}
	return id, s, err
}

// VersionOf gives which version of its subject the schema is by which data of the
// topic was written; 0 where it is none, as under the subject of another topic,
// or where no subject can be named. Record is as in Enrol.
func (o *Options) VersionOf(ctx context.Context, topic, record string, s Schema) (int, error) {
	subject, err := o.Subject.Subject(topic, o.Key, record)
	if err != nil {
		return 0, nil
	}
	version, err := o.Client.VersionOf(ctx, subject, s)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return version, err
}

// HeaderSize is the length of what precedes the data in the wire format: a zero
// byte and the schema's id in four.
const HeaderSize = 5

// AppendHeader appends what precedes the data.
func AppendHeader(dst []byte, id int) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(id))
}

// CutHeader gives the id and what is behind it.
func CutHeader(data []byte) (id int, rest []byte, err error) {
	if len(data) < HeaderSize {
		return 0, nil, fmt.Errorf("%d bytes are no data in a schema registry's wire format, which begins with a zero byte and an id of four bytes", len(data))
	}
	if data[0] != 0 {
		return 0, nil, fmt.Errorf("the first byte is %#02x, where a schema registry's wire format has 0: the data was written by another converter", data[0])
	}
	return int(int32(binary.BigEndian.Uint32(data[1:]))), data[HeaderSize:], nil
}
