package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	_ "modernc.org/sqlite"
)

// shop is the application whose database is watched. It knows nothing of that.
type shop struct {
	db   *sql.DB
	made int           // changes
	last string        // updated_at of the last one
	saw  chan string   // updated_at of the last event
	step time.Duration // between changes
}

func openShop(ctx context.Context, path string) (*shop, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000&_journal_mode=WAL&_error_rc=1")
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS orders (
		id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
		customer   TEXT NOT NULL,
		status     TEXT NOT NULL DEFAULT 'new',
		total      DECIMAL(8,2) NOT NULL,
		updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
	)`)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &shop{db: db, saw: make(chan string, 1), step: 200 * time.Millisecond}, nil
}

func (s *shop) close() error { return s.db.Close() }

// business goes on for a while, and then until its last change was seen.
func (s *shop) business(ctx context.Context, open time.Duration) error {
	closing := time.After(open - open/10)
	tick := time.NewTicker(min(s.step, open/10))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-closing:
			s.awaitLast(ctx)
			return nil
		case <-tick.C:
			if err := s.change(ctx); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return fmt.Errorf("do business: %w", err)
			}
		}
	}
}

// businessWhileAway makes some changes that nobody is there to see.
func (s *shop) businessWhileAway(ctx context.Context) error {
	for range 3 {
		if err := s.change(ctx); err != nil {
			return fmt.Errorf("do business: %w", err)
		}
	}
	return nil
}

// change takes an order in, or moves the one on that has waited longest.
func (s *shop) change(ctx context.Context) error {
	var id int64
	var status string
	err := s.db.QueryRowContext(ctx, "SELECT id, status FROM orders WHERE status IN ('new', 'paid') ORDER BY updated_at, id LIMIT 1").Scan(&id, &status)
	if err != nil && err != sql.ErrNoRows {
		return err
	}
	query, args := "INSERT INTO orders (customer, total) VALUES (?, ?) RETURNING CAST(updated_at AS TEXT)", []any{customer(), float64(500+rand.IntN(20_000)) / 100}
	if waiting := err == nil; waiting && rand.IntN(5) > 1 {
		next := map[string]string{"new": "paid", "paid": "shipped"}[status]
		if rand.IntN(10) == 0 {
			next = "cancelled"
		}
		query = "UPDATE orders SET status = ?, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = ? RETURNING CAST(updated_at AS TEXT)"
		args = []any{next, id}
	}
	if err := s.db.QueryRowContext(ctx, query, args...).Scan(&s.last); err != nil {
		return err
	}
	s.made++
	return nil
}

func customer() string {
	names := []string{"Ada", "Barbara", "Claude", "Dennis", "Edsger", "Frances", "Grace", "Ken", "Linus", "Margaret"}
	return names[rand.IntN(len(names))]
}

// seen says that the event of a change came.
func (s *shop) seen(at time.Time) {
	select {
	case <-s.saw:
	default:
	}
	s.saw <- at.Format("2006-01-02 15:04:05.000")
}

// awaitLast waits until the last change was seen, though not for ever.
func (s *shop) awaitLast(ctx context.Context) {
	enough := time.After(5 * time.Second)
	for s.last != "" {
		select {
		case at := <-s.saw:
			if at >= s.last {
				return
			}
		case <-enough:
			return
		case <-ctx.Done():
			return
		}
	}
}
