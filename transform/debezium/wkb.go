package debezium

import (
	"errors"
	"fmt"
)

// wkbSwapper walks over a geometry and exchanges coordinates in a copy of it.
type wkbSwapper struct {
	out   []byte
	at    int
	order endian
}

var errShortGeometry = errors.New("the geometry ends too early")

// maxGeometries bounds how deep collections lie in each other.
const maxGeometries = 256

// swapCoordinates gives a copy with the two first coordinates of each point
// exchanged. What follows the geometry is left out.
func swapCoordinates(wkb []byte) ([]byte, error) {
	w := &wkbSwapper{out: append([]byte(nil), wkb...)}
	if err := w.head(); err != nil {
		return nil, err
	}
	if err := w.geometry(0); err != nil {
		return nil, err
	}
	return w.out[:w.at], nil
}

// head reads a byte order.
func (w *wkbSwapper) head() error {
	if w.at >= len(w.out) {
		return errShortGeometry
	}
	w.order = byteOrder(w.out[w.at])
	w.at++
	return nil
}

func (w *wkbSwapper) number() (uint32, error) {
	if len(w.out)-w.at < 4 {
		return 0, errShortGeometry
	}
	w.at += 4
	return w.order.Uint32(w.out[w.at-4:]), nil
}

// geometry is behind its byte order.
func (w *wkbSwapper) geometry(depth int) error {
	kind, err := w.number()
	if err != nil {
		return err
	}
	size := 16
	for _, more := range []uint32{0x80000000, 0x40000000} { // a third, and a measure
		if kind&more != 0 {
			size += 8
		}
	}
	if kind&sridFlag != 0 {
		if _, err := w.number(); err != nil {
			return err
		}
	}
	switch kind & 0xff {
	case 1:
		return w.point(size)
	case 2:
		return w.points(size)
	case 3:
		return w.rings(size)
	case 4:
		return w.each(func() error { return w.part(func() error { return w.point(size) }) })
	case 5:
		return w.each(func() error { return w.part(func() error { return w.points(size) }) })
	case 6:
		return w.each(func() error { return w.part(func() error { return w.rings(size) }) })
	case 7:
		if depth > maxGeometries {
			return fmt.Errorf("the geometry has collections that lie more than %d deep", maxGeometries)
		}
		return w.each(func() error { return w.inOrder(func() error { return w.geometry(depth + 1) }) })
	}
	return fmt.Errorf("the geometry is of the type %d, which is none", kind&0xff)
}

// each reads a count and that many things.
func (w *wkbSwapper) each(read func() error) error {
	n, err := w.number()
	for i := int32(0); i < int32(n) && err == nil; i++ {
		err = read()
	}
	return err
}

// inOrder reads something behind a byte order of its own.
func (w *wkbSwapper) inOrder(read func() error) error {
	order := w.order
	defer func() { w.order = order }()
	if err := w.head(); err != nil {
		return err
	}
	return read()
}

// part reads one of several geometries of a kind, whose own type does not count.
func (w *wkbSwapper) part(read func() error) error {
	return w.inOrder(func() error {
		if _, err := w.number(); err != nil {
			return err
		}
		return read()
	})
}

func (w *wkbSwapper) rings(size int) error {
	return w.each(func() error { return w.points(size) })
}

func (w *wkbSwapper) points(size int) error {
	return w.each(func() error { return w.point(size) })
}

func (w *wkbSwapper) point(size int) error {
	if len(w.out)-w.at < size {
		return errShortGeometry
	}
	var x [8]byte
	p := w.out[w.at:]
	copy(x[:], p)
	copy(p[:8], p[8:16])
	copy(p[8:16], x[:])
	w.at += size
	return nil
}
