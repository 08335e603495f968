package engine

import "context"

// State is where an engine is in its life.
type State int

const (
	Created  State = iota // New returned, Run was not called yet
	Starting              // the sink, the offsets and the source are being opened
	Running               // changes are being moved
	Paused                // reading rests; what was read before is written
	Retrying              // a failure is being waited out before the source is opened again
	Draining              // told to stop: what was read is being written
	Stopped               // Run returned nil
	Failed                // Run returned an error
)

var stateNames = [...]string{"created", "starting", "running", "paused", "retrying", "draining", "stopped", "failed"}

// String gives the state's name in lower case.
func (s State) String() string {
	if s >= 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// State says where the engine is in its life. It may be called at any time.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

func (e *Engine) setState(to State) {
	e.mu.Lock()
	if to == Running && e.paused != nil {
		to = Paused
	}
	from := e.state
	e.state = to
	e.mu.Unlock()
	if from == to {
		return
	}
	e.cfg.Log.Info("state", "from", from.String(), "to", to.String())
	if e.cfg.Trace.State != nil {
		e.cfg.Trace.State(from, to)
	}
}

// Pause stops the reading until Resume: nothing more is taken from the source,
// whose connection stays, and what was read is written and committed. It may be
// called at any time, before Run too; a second call does nothing.
func (e *Engine) Pause() {
	e.mu.Lock()
	if e.paused == nil {
		e.paused = make(chan struct{})
	}
	running := e.state == Running
	e.mu.Unlock()
	if running {
		e.setState(Paused)
	}
}

// Resume ends a pause; without one it does nothing.
func (e *Engine) Resume() {
	e.mu.Lock()
	if e.paused != nil {
		close(e.paused)
		e.paused = nil
	}
	paused := e.state == Paused
	e.mu.Unlock()
	if paused {
		e.setState(Running)
	}
}

// unpaused waits while the engine is paused.
func (e *Engine) unpaused(ctx context.Context) error {
	for {
		e.mu.Lock()
		p := e.paused
		e.mu.Unlock()
		if p == nil {
			return ctx.Err()
		}
		select {
		case <-p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
