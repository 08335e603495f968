package mysql

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/go-sql-driver/mysql"

	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// badRows are the errors about values. What the server says of them shows the
// values, and is said in other words.
var badRows = map[uint16]string{
	1022: "there is a row with the same key",
	1048: "a column that must not be NULL has no value",
	1062: "there is a row with the same key or unique value",
	1216: "a foreign key refers to a row that is not there",
	1217: "a foreign key still refers to the row",
	1264: "a number is out of its column's range",
	1265: "a value does not fit its column's type",
	1292: "a value is not of the form of its column's type",
	1366: "a value is not of the form of its column's type",
	1364: "a column without a default has no value",
	1367: "a value is not of the form of its column's type",
	1406: "a value is too long for its column",
	1416: "a value is not a geometry",
	1451: "a foreign key still refers to the row",
	1452: "a foreign key refers to a row that is not there",
	1644: "a trigger refuses the row",
	1690: "a number is out of range",
	3140: "a text is not JSON",
	3819: "a check refuses the row",
	4025: "a check refuses the row",
}

var badTables = map[uint16]bool{1046: true, 1049: true, 1054: true, 1072: true, 1136: true, 1146: true}

var forbidden = map[uint16]bool{1044: true, 1045: true, 1142: true, 1143: true, 1227: true, 1698: true}

// 1290 is about any option of the server that forbids the statement, but of those
// that a sink sends only read_only does.
var readOnly = map[uint16]bool{1290: true, 1792: true, 1836: true, 3988: true}

var passing = map[uint16]bool{1040: true, 1053: true, 1203: true, 1205: true, 1213: true, 1412: true, 1927: true, 3024: true, 3572: true}

// named finds the column that a message names.
var named = regexp.MustCompile("(?:[Cc]olumn|[Ff]ield) [`']([^`'\\s]+)[`']")

// Explain goes by the error's number.
func (Dialect) Explain(err error) jdbc.Fault {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return jdbc.Fault{Kind: jdbc.Passing}
	}
	if text, ok := badRows[e.Number]; ok {
		if m := named.FindStringSubmatch(e.Message); m != nil && e.Number != 1062 {
			text += ": column " + m[1]
		}
		return jdbc.Fault{Kind: jdbc.BadRow, Text: fmt.Sprintf("%s (error %d)", text, e.Number)}
	}
	f := jdbc.Fault{Text: fmt.Sprintf("%s (error %d)", e.Message, e.Number)}
	switch {
	case badTables[e.Number]:
		f.Kind = jdbc.BadTable
	case forbidden[e.Number]:
		f.Kind = jdbc.Forbidden
	case readOnly[e.Number]:
		f.Kind = jdbc.ReadOnly
	case passing[e.Number]:
		f.Kind = jdbc.Passing
	case e.Number == 1064:
		f.Text = "the server does not understand the statement (error 1064)" // which it shows a part of
	}
	return f
}
