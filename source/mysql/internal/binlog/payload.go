package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// payload gives the events of a TRANSACTION_PAYLOAD_EVENT, decompressing as it
// goes, so that a large transaction needs little memory. Its decompressor and
// buffer serve all payloads of a stream.
type payload struct {
	open    bool
	outer   Event
	packed  bytes.Reader
	decoder *zstd.Decoder
	window  window
	read    func([]byte) (int, error)
}

const (
	compressionZstd = 0
	compressionNone = 255
)

// begin prepares for the events of a payload. They refer to its bytes until
// the last of them was given.
func (p *payload) begin(ev *Event) error {
	c := cursor{b: ev.Body}
	compression := uint64(compressionZstd)
	for {
		field := c.packed()
		if field == 0 || c.short {
			break
		}
		value := cursor{b: c.packedBytes()}
		if field == 2 {
			compression = value.packed()
		}
		c.short = c.short || value.short
	}
	if err := ev.checked(&c); err != nil {
		return err
	}
	p.packed.Reset(c.b)
	switch compression {
	case compressionNone:
		p.read = p.packed.Read
	case compressionZstd:
		if p.decoder == nil {
			d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
			if err != nil {
				return ev.fail(fmt.Errorf("start zstd: %w", err))
			}
			p.decoder = d
		}
		if err := p.decoder.Reset(&p.packed); err != nil {
			return ev.fail(fmt.Errorf("start zstd: %w", err))
		}
		p.read = p.decoder.Read
	default:
		return ev.malformed("its compression %d is unknown", compression)
	}
	p.outer, p.open = *ev, true
	p.window.r, p.window.w = 0, 0
	return nil
}

// next gives the next event of the payload; ok is false behind the last.
func (p *payload) next(ev *Event) (ok bool, err error) {
	if err := p.window.need(headerSize, p.read); err != nil {
		p.open = false
		if err == io.EOF {
			return false, nil
		}
		return false, p.outer.fail(fmt.Errorf("%w: %w", ErrMalformed, err))
	}
	le := binary.LittleEndian
	size := int(le.Uint32(p.window.held()[9:]))
	if size < headerSize {
		p.open = false
		return false, p.outer.malformed("an event in it claims a size of %d bytes", size)
	}
	if err := p.window.need(size, p.read); err != nil {
		p.open = false
		return false, p.outer.fail(fmt.Errorf("%w: %w", ErrMalformed, err))
	}
	raw := p.window.held()[:size]
	p.window.r += size
	*ev = Event{
		Type: EventType(raw[4]), Time: le.Uint32(raw), ServerID: le.Uint32(raw[5:]), Flags: le.Uint16(raw[17:]) &^ flagArtificial,
		File: p.outer.File, Start: p.outer.Start, End: p.outer.End, Compressed: true, Body: raw[headerSize:],
	}
	if ev.Type == PayloadEvent {
		p.open = false
		return false, p.outer.malformed("it holds another of its kind")
	}
	return true, nil
}
