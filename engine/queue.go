package engine

import (
	"context"
	"sync"

	"github.com/tailrace-io/tailrace"
)

// job is a batch on its way through the pipeline. Once ready holds a token the
// preparer is done with it and its fields are the writer's.
type job struct {
	batch   tailrace.Batch
	records []tailrace.Record // of batch, those that go to the sink
	read    []tailrace.Record // the same as the source gave them; nil where nobody will ask
	dead    []deadLetter      // those that do not
	written int               // how many the sink has taken
	err     *Error            // what stops the engine before this batch
	size    int
	bytes   int // of encoded keys and values
	enc     encoder
	ready   chan struct{}
}

// advance leaves the first n records behind, which are delivered.
func (j *job) advance(n int) {
	j.written += n
	j.records = j.records[n:]
	if len(j.read) > 0 {
		j.read = j.read[n:]
	}
}

// remove leaves the record i out.
func (j *job) remove(i int) {
	j.records = append(j.records[:i:i], j.records[i+1:]...)
	if len(j.read) > 0 {
		j.read = append(j.read[:i:i], j.read[i+1:]...)
	}
}

// queue bounds the batches between the reader and the writer, in number and in
// bytes. Batches leave it in the order in which they came.
type queue struct {
	ordered chan *job
	work    chan *job
	free    chan *job // jobs to use again

	maxBytes int
	mu       sync.Mutex
	batches  int
	bytes    int
	freed    chan struct{} // a token: there is more room
}

func newQueue(batches, bytes int) *queue {
	return &queue{
		ordered: make(chan *job, batches),
		// Unprepared batches are among those that are queued, held by the
		// writer or being put: a put never waits for work.
		work:     make(chan *job, batches+2),
		free:     make(chan *job, batches+2),
		maxBytes: bytes,
		freed:    make(chan struct{}, 1),
	}
}

// job gives a job for a batch, an old one where there is one.
func (q *queue) job(b tailrace.Batch) *job {
	select {
	case j := <-q.free:
		*j = job{batch: b, records: b.Records, read: j.read[:0], dead: j.dead[:0], size: b.Size, enc: j.enc, ready: j.ready}
		return j
	default:
		return &job{batch: b, records: b.Records, size: b.Size, ready: make(chan struct{}, 1)}
	}
}

// reserve waits until there is room for size bytes.
func (q *queue) reserve(ctx context.Context, size int) error {
	for {
		q.mu.Lock()
		if q.bytes == 0 || q.bytes+size <= q.maxBytes {
			q.bytes += size
			q.batches++
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// grow takes room for what converters have made of a batch, without waiting for
// it: the next batch does.
func (q *queue) grow(size int) {
	q.mu.Lock()
	q.bytes += size
	q.mu.Unlock()
}

// release gives back the room of a job, and the job. The bytes that the sink was
// lent are used again, unless it may have kept them, and so is the memory of the
// source if the sink has seen nothing of it. Of typed records it has: a text of
// theirs is a string of Go's, which a callback rightly keeps.
func (q *queue) release(j *job, kept bool) {
	q.mu.Lock()
	q.bytes -= j.size + j.bytes
	q.batches--
	q.mu.Unlock()
	select {
	case q.freed <- struct{}{}:
	default:
	}
	reuse := j.batch.Release
	if kept || len(j.dead) > 0 || !j.enc.whole(j.records) {
		reuse = nil
	}
	clear(j.dead)
	clear(j.read)
	j.batch, j.records = tailrace.Batch{}, nil
	if kept {
		j.enc = encoder{}
	} else {
		j.enc.reuse()
	}
	if reuse != nil {
		reuse()
	}
	select {
	case q.free <- j:
	default:
	}
}

func (q *queue) depth() (batches, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.batches, q.bytes
}
