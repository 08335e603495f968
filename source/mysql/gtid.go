package mysql

import (
	"context"
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

// text is the transaction's GTID; "" where it has none.
func (p *pendingGTID) text() string {
	switch {
	case !p.there:
		return ""
	case p.uuid == binlog.UUID{}:
		g := binlog.MariaGTID{Domain: p.domain, Server: p.server, Number: uint64(p.number)}
		return g.String()
	}
	g := binlog.GTID{Source: p.uuid, Tag: p.tag, Number: p.number}
	return g.String()
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

// wantedGTIDs gives the set to go on from where only transactions of some
// servers are wanted: all that there are of the other servers count as read.
func (r *reader) wantedGTIDs(ctx context.Context, c *conn, stored string) (string, error) {
	set, err := binlog.ParseGTIDSet(stored)
	if err != nil {
		return "", fmt.Errorf("the stored offset: its GTIDs: %w", err)
	}
	rows, err := c.query(ctx, "SELECT @@GLOBAL.gtid_executed")
	if err != nil {
		return "", err
	}
	executed, err := binlog.ParseGTIDSet(rows[0][0].V)
	if err != nil {
		return "", fmt.Errorf("the server's gtid_executed: %w", err)
	}
	wanted := func(u binlog.UUID) bool { return r.sel.gtids.Includes(u.String()) }
	set.Filter(wanted)
	executed.Filter(func(u binlog.UUID) bool { return !wanted(u) })
	set.AddSet(executed)
	return set.String(), nil
}
