package mysql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

var _ jdbc.Loader = Dialect{}

// Loadable is true where the server lets clients send data, local_infile=ON.
func (Dialect) Loadable(ctx context.Context, db jdbc.Queryer, _ jdbc.Table) (able bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT @@local_infile").Scan(&able)
	return able, err
}

// Load adds the rows by LOAD DATA LOCAL. The server makes warnings of what it
// would refuse otherwise, and leaves out rows that are there: with any of it
// the rows do not go this way.
func (Dialect) Load(ctx context.Context, conn *sql.Conn, w jdbc.Write, rows [][]tailrace.Value) (bool, error) {
	name := fmt.Sprintf("tailrace-%d", loads.Add(1))
	mysql.RegisterReaderHandler(name, func() io.Reader { return &lineReader{rows: rows} })
	defer mysql.DeregisterReaderHandler(name)
	result, err := conn.ExecContext(ctx, loadStatement(name, w))
	if err != nil {
		return false, lost(err)
	}
	n, err := result.RowsAffected()
	if err != nil || n != int64(len(rows)) {
		return false, err
	}
	var warnings int
	if err := conn.QueryRowContext(ctx, "SELECT @@warning_count").Scan(&warnings); err != nil {
		return false, lost(err)
	}
	return warnings == 0, nil
}

// loads numbers what is sent, since the driver knows readers by name.
var loads atomic.Int64

// lost is the error where it has ended the transaction or the connection, and
// nil where the server has only refused the rows.
func lost(err error) error {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok && !passing[e.Number] {
		return nil
	}
	return err
}

// loadStatement reads lines of text. What is no text comes in hexadecimal.
func loadStatement(name string, w jdbc.Write) string {
	s := w.Syntax
	targets, set := make([]string, len(w.Columns)), []string{}
	for i, c := range w.Columns {
		targets[i] = s.Quote(c.Name)
		if isBinary(c.Kind) {
			v := fmt.Sprintf("@v%d", i)
			set = append(set, targets[i]+" = UNHEX("+v+")")
			targets[i] = v
		}
	}
	text := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' INTO TABLE " + s.Table(w.Table) + " CHARACTER SET utf8mb4 (" + strings.Join(targets, ", ") + ")"
	if len(set) > 0 {
		text += " SET " + strings.Join(set, ", ")
	}
	return text
}

func isBinary(k jdbc.Kind) bool { return k == jdbc.Bytes || k == jdbc.BitField || k == jdbc.Geometry }

// lineReader gives rows as lines, with tabs between columns.
type lineReader struct {
	rows [][]tailrace.Value
	buf  []byte
	at   int
}

const lineChunk = 64 << 10

// Read implements io.Reader.
func (r *lineReader) Read(p []byte) (int, error) {
	if r.at == len(r.buf) {
		if len(r.rows) == 0 {
			return 0, io.EOF
		}
		r.buf, r.at = r.buf[:0], 0
		for len(r.buf) < lineChunk && len(r.rows) > 0 {
			r.buf = appendLine(r.buf, r.rows[0])
			r.rows = r.rows[1:]
		}
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

func appendLine(dst []byte, row []tailrace.Value) []byte {
	for _, v := range row {
		switch v.Type() {
		case tailrace.TypeNull:
			dst = append(dst, `\N`...)
		case tailrace.TypeFloat32:
			dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 32)
		case tailrace.TypeFloat64:
			dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
		case tailrace.TypeBoolean:
			n := byte('0')
			if v.Bool() {
				n = '1'
			}
			dst = append(dst, n)
		case tailrace.TypeBytes:
			dst = hex.AppendEncode(dst, v.Bytes())
		case tailrace.TypeString:
			dst = appendEscaped(dst, v.Text())
		default:
			dst = strconv.AppendInt(dst, v.Int(), 10)
		}
		dst = append(dst, '\t')
	}
	dst[len(dst)-1] = '\n'
	return dst
}

func appendEscaped(dst []byte, text string) []byte {
	from := 0
	for i := range len(text) {
		c := text[i]
		if c != '\\' && c != '\t' && c != '\n' && c != 0 {
			continue
		}
		dst = append(append(dst, text[from:i]...), '\\')
		from = i + 1
		if c == 0 {
			c = '0'
		}
		dst = append(dst, c)
	}
	return append(dst, text[from:]...)
}
