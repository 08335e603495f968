package mysql

import (
	"fmt"

	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// gtidSet is the transactions that have been read as a whole, of either kind of
// server. While it is not known, as in the middle of a file that was begun by
// its position, nothing is said of GTIDs.
type gtidSet struct {
	known   bool
	mariadb bool
	mysql   binlog.GTIDSet
	maria   binlog.MariaGTIDSet
}

// pendingGTID is the transaction that is being read.
type pendingGTID struct {
	there          bool
	uuid           binlog.UUID
	tag            string
	domain, server uint32
	number         int64
}

// parseGTIDs reads the set of a position.
func parseGTIDs(mariadb bool, text string) (g gtidSet, err error) {
	g.mariadb, g.known = mariadb, text != ""
	if mariadb {
		g.maria, err = binlog.ParseMariaGTIDSet(text)
	} else {
		g.mysql, err = binlog.ParseGTIDSet(text)
	}
	if err != nil {
		return g, fmt.Errorf("its GTIDs: %w", err)
	}
	return g, nil
}

func (g *gtidSet) from() binlog.From {
	if g.mariadb {
		set := g.maria.Clone()
		return binlog.From{MariaGTIDs: &set}
	}
	set := g.mysql.Clone()
	return binlog.From{GTIDs: &set}
}

// learn takes the set that a log file begins with.
func (g *gtidSet) learn(ev *binlog.Event) (err error) {
	if g.known {
		return nil
	}
	if g.mariadb {
		g.maria, err = ev.MariaGTIDList()
	} else {
		g.mysql, err = ev.PreviousGTIDs()
	}
	g.known = err == nil
	if err != nil {
		return &refused{"read the log", err}
	}
	return nil
}

// add adds a transaction that has been read to its end.
func (g *gtidSet) add(p pendingGTID) {
	switch {
	case !p.there || !g.known:
	case g.mariadb:
		g.maria.Add(p.domain, p.server, uint64(p.number))
	default:
		g.mysql.Add(p.uuid, p.tag, p.number)
	}
}

func (g *gtidSet) text() string {
	switch {
	case !g.known:
		return ""
	case g.mariadb:
		return g.maria.String()
	}
	return g.mysql.String()
}
