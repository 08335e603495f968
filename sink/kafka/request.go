package kafka

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// produceRequest is a produce request of sealed batches, of the versions 3 to
// 8. It is written here and not by the driver, which would copy the batches
// once more: they go to the connection from where they are.
type produceRequest struct {
	transaction string // "" for none
	timeout     time.Duration
	parts       []*partition // in the order of their topics

	head []byte // all but the batches
	ends []int  // where in head the batches belong
	iov  net.Buffers
	out  net.Buffers // what of iov is left to be written
}

// ApiKey says which request it is.
func (*produceRequest) ApiKey() protocol.ApiKey { return protocol.Produce }

// Encode writes the request.
func (r *produceRequest) Encode(c net.Conn, version int16, id int32, clientID string) error {
	r.appendHead(version, id, clientID)
	size, from := len(r.head), 0
	r.iov = r.iov[:0]
	for i, p := range r.parts {
		r.iov = append(r.iov, r.head[from:r.ends[i]], p.batch.buf)
		from = r.ends[i]
		size += len(p.batch.buf)
	}
	binary.BigEndian.PutUint32(r.head, uint32(size-4))
	r.out = r.iov
	_, err := r.out.WriteTo(c)
	clear(r.iov)
	return err
}

func (r *produceRequest) appendHead(version int16, id int32, clientID string) {
	be := binary.BigEndian
	h := append(r.head[:0], 0, 0, 0, 0)
	h = be.AppendUint16(h, uint16(protocol.Produce))
	h = be.AppendUint16(h, uint16(version))
	h = be.AppendUint32(h, uint32(id))
	h = appendString(h, clientID)
	if r.transaction == "" {
		h = be.AppendUint16(h, 0xffff) // null
	} else {
		h = appendString(h, r.transaction)
	}
	h = be.AppendUint16(h, 0xffff) // acks: all
	h = be.AppendUint32(h, uint32(r.timeout.Milliseconds()))

	topics, count := len(h), 0
	h = be.AppendUint32(h, 0)
	parts := 0 // where the number of partitions stands
	r.ends = r.ends[:0]
	for i, p := range r.parts {
		if i == 0 || r.parts[i-1].topic != p.topic {
			count++
			h = appendString(h, p.topic.name)
			parts = len(h)
			h = be.AppendUint32(h, 0)
		}
		be.PutUint32(h[parts:], be.Uint32(h[parts:])+1)
		h = be.AppendUint32(h, uint32(p.id))
		r.ends = append(r.ends, len(h))
	}
	be.PutUint32(h[topics:], uint32(count))
	r.head = h
}

func appendString(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}
