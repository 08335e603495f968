package signal

import "context"

// Channel is a way by which signals come to a source. It is fixed
// configuration; what it opens is the running thing.
type Channel interface {
	// Name tells the channel from the source's others, such as file. It is kept
	// in the source's offsets.
	Name() string

	// Open begins to receive behind a position that an earlier Receiver of the
	// channel gave. "", and a position that is not one of this channel's, stand
	// for the beginning that the channel's configuration names. ctx bounds Open
	// alone.
	Open(ctx context.Context, position string) (Receiver, error)
}

// Receiver is a running channel. Receive is called by one goroutine at a time;
// Commit may be called by another meanwhile, and Close ends both.
type Receiver interface {
	// Receive waits for signals, and gives them in their order with the position
	// behind the last of them. The source keeps the position in its offsets
	// along with what the signals have changed, so that a signal is neither lost
	// nor followed twice where the channel has positions that last.
	//
	// What cannot be read as a signal is given with Err set and does not stop
	// those behind it. An error says that the channel itself has failed; another
	// Open may go on. When ctx is cancelled Receive returns ctx.Err(), having
	// lost nothing.
	Receive(ctx context.Context) ([]Received, string, error)

	// Commit says that offsets that have the position are durable, so that the
	// channel may forget the signals before it.
	Commit(ctx context.Context, position string) error

	// Close frees everything.
	Close() error
}

// Received is a signal that came, or the reason why what came is none.
type Received struct {
	Signal
	Err error
}
