package engine

import (
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace/sink"
)

// Stage names a step of a record's way.
type Stage string

const (
	StageSource    Stage = "source"
	StageDecode    Stage = "decode"
	StageTransform Stage = "transform"
	StageEncode    Stage = "encode"
	StageSink      Stage = "sink"
	StageOffsets   Stage = "offsets"
	StageDrain     Stage = "drain"
)

// Error is what Run returns: which stage failed, and why. Its Err is reached by
// errors.Is and errors.As.
type Error struct {
	Engine string
	Stage  Stage
	Topic  string // of the record in question; "" where there is none
	Err    error
}

func (e *Error) Error() string {
	topic := ""
	if e.Topic != "" {
		topic = " of topic " + e.Topic
	}
	return fmt.Sprintf("engine %q: %s%s: %v", e.Engine, e.Stage, topic, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// rewind asks for a new session from the last committed offsets.
type rewind struct{ err *Error }

func (r *rewind) Error() string { return r.err.Error() }
func (r *rewind) Unwrap() error { return r.err }

// Policy is what happens to a record that a stage cannot handle, once the
// retries have ended.
type Policy int

const (
	Stop       Policy = iota // Run returns the error; nothing behind the record is delivered
	Skip                     // the record is left out; Trace and Log say so
	DeadLetter               // the record goes to Errors.DeadLetters, with the reason in its headers
)

// Errors says, a stage, what happens to a record that stays in the way. It is
// about single records: a source, a sink or an offset store that fails as a
// whole stops the engine whatever the policy. Which record a sink cannot take
// is said by sink.BatchError.
type Errors struct {
	Source, Decode, Transform, Encode, Sink Policy

	// DeadLetters takes the records of stages whose policy is DeadLetter.
	DeadLetters sink.Sink

	// DeadLetterTopic is the topic that they get; "" leaves them theirs.
	DeadLetterTopic string

	// NoContext leaves the headers out of dead letters that say what has
	// happened to them. Log and Trace say so all the same.
	NoContext bool
}

func (x Errors) check() (errs []error) {
	dead := false
	for _, p := range []struct {
		stage  string
		policy Policy
	}{{"Source", x.Source}, {"Decode", x.Decode}, {"Transform", x.Transform}, {"Encode", x.Encode}, {"Sink", x.Sink}} {
		switch p.policy {
		case Stop, Skip:
		case DeadLetter:
			dead = true
		default:
			errs = append(errs, fmt.Errorf("Errors.%s is %d, which is no policy", p.stage, p.policy))
		}
	}
	if dead && x.DeadLetters == nil {
		errs = append(errs, errors.New("a policy is DeadLetter and Errors.DeadLetters is nil: say which sink takes dead letters"))
	}
	return errs
}

func (x Errors) policy(s Stage) Policy {
	switch s {
	case StageSource:
		return x.Source
	case StageDecode:
		return x.Decode
	case StageTransform:
		return x.Transform
	case StageEncode:
		return x.Encode
	case StageSink:
		return x.Sink
	}
	return Stop
}
