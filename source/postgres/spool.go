package postgres

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// spool keeps the transactions that the server sends before it knows whether
// they will be committed: in memory up to a limit, and the rest in files, which
// nobody else sees and which go with the process.
type spool struct {
	limit int    // how many bytes may be in memory, of all transactions
	dir   string // of the files; "" for the system's

	open    map[uint32]*unfinished // by the number of the transaction
	current *unfinished            // that the messages are of; nil between the streams
	held    int                    // bytes in memory
}

// unfinished is a transaction that is neither committed nor given up.
type unfinished struct {
	xid     uint32
	first   pgoutput.LSN
	givenUp map[uint32]bool // its parts, such as those behind a savepoint

	memory []byte // behind what is in the file
	file   *os.File
}

// An entry of a transaction is its length, its place in the log and the message.
const entryHead = 4 + 8

func newSpool(limit int, dir string) *spool {
	return &spool{limit: limit, dir: dir, open: map[uint32]*unfinished{}}
}

// begin says that the messages that follow are of a transaction.
func (s *spool) begin(m *pgoutput.Message) {
	t := s.open[m.XID]
	if t == nil {
		t = &unfinished{xid: m.XID, first: m.Start}
		s.open[m.XID] = t
	}
	s.current = t
}

// add keeps a message of the current transaction.
func (s *spool) add(m *pgoutput.Message) error {
	t, before := s.current, cap(s.current.memory)
	t.memory = binary.BigEndian.AppendUint32(t.memory, uint32(len(m.Data)))
	t.memory = binary.BigEndian.AppendUint64(t.memory, uint64(m.Start))
	t.memory = append(t.memory, m.Data...)
	s.held += cap(t.memory) - before
	for s.held > s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return nil
}

// spill moves the transaction that has most in memory to its file.
func (s *spool) spill() error {
	var most *unfinished
	for _, t := range s.open {
		if most == nil || cap(t.memory) > cap(most.memory) {
			most = t
		}
	}
	if most.file == nil {
		file, err := os.CreateTemp(s.dir, "tailrace-transaction-")
		if err != nil {
			return fmt.Errorf("make a file for the transaction %d, which is in progress and larger than StreamMemory: %w", most.xid, err)
		}
		os.Remove(file.Name()) // it goes when it is closed, where the system can do that
		most.file = file
	}
	if _, err := most.file.Write(most.memory); err != nil {
		return fmt.Errorf("keep the transaction %d, which is in progress, in a file: %w", most.xid, err)
	}
	s.held -= cap(most.memory)
	most.memory = nil
	return nil
}

// giveUp forgets a transaction, or what belongs to a part of it.
func (s *spool) giveUp(m *pgoutput.Message) error {
	t := s.open[m.XID]
	switch {
	case t == nil: // nothing of it was sent
	case m.SubXID == m.XID:
		return s.take(m.XID).close()
	case t.givenUp == nil:
		t.givenUp = map[uint32]bool{m.SubXID: true}
	default:
		t.givenUp[m.SubXID] = true
	}
	return nil
}

// take gives a transaction away; nil where it is not known.
func (s *spool) take(xid uint32) *unfinished {
	t := s.open[xid]
	if t != nil {
		delete(s.open, xid)
		s.held -= cap(t.memory)
	}
	return t
}

func (s *spool) close() error {
	var errs []error
	for xid := range s.open {
		errs = append(errs, s.take(xid).close())
	}
	return errors.Join(errs...)
}

func (t *unfinished) close() error {
	t.memory = nil
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	os.Remove(t.file.Name())
	t.file = nil
	return err
}

// replay reads the messages of a transaction that was committed.
type replay struct {
	transaction *unfinished
	commit      pgoutput.Message // that ended it

	file    *bufio.Reader // nil once it is read
	memory  []byte
	entry   []byte
	parser  pgoutput.Parser
	message pgoutput.Message
}

func newReplay(t *unfinished, commit *pgoutput.Message) (*replay, error) {
	r := &replay{transaction: t, memory: t.memory,
		commit: pgoutput.Message{Kind: pgoutput.Commit, Start: commit.Start, XID: commit.XID, LSN: commit.LSN, End: commit.End, Time: commit.Time}}
	r.parser.Within(true)
	if t.file != nil {
		if _, err := t.file.Seek(0, io.SeekStart); err != nil {
			return nil, errors.Join(fmt.Errorf("read the transaction %d from its file: %w", t.xid, err), t.close())
		}
		r.file = bufio.NewReaderSize(t.file, 64<<10)
	}
	return r, nil
}

// begin is the message that a transaction begins with which is sent as a whole.
func (r *replay) begin() *pgoutput.Message {
	return &pgoutput.Message{Kind: pgoutput.Begin, Start: r.transaction.first, XID: r.commit.XID, LSN: r.commit.LSN, Time: r.commit.Time}
}

// next gives the next message, which is good until the next call, and at the end
// the commit; done says that there is no more.
func (r *replay) next() (m *pgoutput.Message, done bool, err error) {
	for {
		start, data, err := r.read()
		if err == io.EOF {
			return &r.commit, true, r.transaction.close()
		}
		if err == nil {
			err = r.parser.Parse(&r.message, start, data)
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the transaction %d, which was kept: %w", r.transaction.xid, err)
		}
		// What was said of a table holds, whichever part it was said in.
		if r.message.Kind == pgoutput.Relation || !r.transaction.givenUp[r.message.XID] {
			return &r.message, false, nil
		}
	}
}

// read gives the next entry; io.EOF where there is none.
func (r *replay) read() (pgoutput.LSN, []byte, error) {
	if r.file != nil {
		var head [entryHead]byte
		_, err := io.ReadFull(r.file, head[:])
		if err == nil {
			n := int(binary.BigEndian.Uint32(head[:]))
			if cap(r.entry) < n {
				r.entry = make([]byte, n)
			}
			if _, err = io.ReadFull(r.file, r.entry[:n]); err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return pgoutput.LSN(binary.BigEndian.Uint64(head[4:])), r.entry[:n], err
		}
		if err != io.EOF {
			return 0, nil, err
		}
		r.file = nil
	}
	if len(r.memory) == 0 {
		return 0, nil, io.EOF
	}
	n := entryHead + int(binary.BigEndian.Uint32(r.memory))
	entry := r.memory[:n]
	r.memory = r.memory[n:]
	return pgoutput.LSN(binary.BigEndian.Uint64(entry[4:])), entry[entryHead:], nil
}
