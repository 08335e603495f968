package offsettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/offset"
)

const patience = 30 * time.Second

// place is where the stores of one check keep their offsets.
type place struct {
	testing.TB
	open func() offset.Store
}

func (p *place) call(what string, f func(ctx context.Context) error) error {
	p.Helper()
	return suite.Call(p, patience, what, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return f(ctx)
	})
}

func (p *place) save(s offset.Store, name string, offsets ...tailrace.Offset) {
	p.Helper()
	if err := p.call("Save", func(ctx context.Context) error { return s.Save(ctx, name, offsets) }); err != nil {
		p.Fatalf("Save under %q of %v: %v", name, offsets, err)
	}
}

func (p *place) load(s offset.Store, name string) (offsets []tailrace.Offset) {
	p.Helper()
	err := p.call("Load", func(ctx context.Context) (err error) {
		offsets, err = s.Load(ctx, name)
		return err
	})
	if err != nil {
		p.Fatalf("Load of %q: %v", name, err)
	}
	return offsets
}

// want fails unless the store and one that is opened now have these offsets
// under the name, in any order.
func (p *place) want(s offset.Store, name string, want ...tailrace.Offset) {
	p.Helper()
	for _, s := range []offset.Store{s, p.open()} {
		if got := sorted(p.load(s, name)); !slices.Equal(got, sorted(want)) {
			p.Fatalf("Load of %q gives %v where it should be %v", name, got, want)
		}
	}
}

func sorted(offsets []tailrace.Offset) []tailrace.Offset {
	return slices.SortedFunc(slices.Values(offsets), func(a, b tailrace.Offset) int { return strings.Compare(a.Partition, b.Partition) })
}

func at(server string, pos int) tailrace.Offset {
	return tailrace.Offset{
		Partition: fmt.Sprintf(`{"server":%q}`, server),
		Position:  fmt.Sprintf(`{"file":"binlog.000003","pos":%d}`, pos),
	}
}

func startsEmpty(p *place) {
	s := p.open()
	p.want(s, "engine")
	p.save(s, "engine", at("shop", 4))
	p.want(s, "another engine")
}

func givesWhatWasSaved(p *place) {
	s := p.open()
	gtids := strings.Repeat("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,", 2000)
	for _, position := range []string{
		`{}`,
		`{"ts_sec":1700000000,"file":"binlog.000003","pos":1547,"gtids":"` + gtids + `","row":1,"server_id":1,"event":2}`,
		`{"lsn":9223372036854775807,"lsn_proc":18446744073709551616,"ratio":1.50,"exp":1e400}`,
		`{"last_snapshot_record":true,"snapshot":null,"nested":{"list":[1,[],{}]}}`,
		`{"text":"quotes \" and \\ and \u0000 and / and \/ and <b>&amp;</b> and ü and 日本 and \ud83d\ude00"}`,
		`{"z":1,"a":2,"z2":3}`,
	} {
		o := tailrace.Offset{Partition: `{"server":"a < b & \"c\""}`, Position: position}
		p.save(s, "engine", o)
		p.want(s, "engine", o)
	}
}

func isDurable(p *place) {
	for n := range 5 {
		p.save(p.open(), "engine", at("shop", n))
		p.want(p.open(), "engine", at("shop", n))
	}
}

func replaces(p *place) {
	s := p.open()
	p.save(s, "engine", at("shop", 4))
	p.save(s, "engine", at("shop", 1547))
	p.want(s, "engine", at("shop", 1547))
	p.save(s, "engine", at("shop", 1547))
	p.want(s, "engine", at("shop", 1547))
	p.save(s, "engine", at("shop", 4)) // a person may go back
	p.want(s, "engine", at("shop", 4))
}

func mergesPartitions(p *place) {
	s := p.open()
	p.save(s, "engine", at("one", 1), at("two", 1))
	p.save(s, "engine", at("two", 2), at("three", 2))
	p.want(s, "engine", at("one", 1), at("two", 2), at("three", 2))
}

func keepsNamesApart(p *place) {
	s := p.open()
	names := []string{"engine", "Engine", "engine ", "a/b", "..", "ü", `"quoted" \ <&>`, "line\nbreak", strings.Repeat("long", 50), "%2e", "NUL:"}
	for i, name := range names {
		p.save(s, name, at("shop", i))
	}
	for i, name := range names {
		p.want(s, name, at("shop", i))
	}
}

func takesNothing(p *place) {
	s := p.open()
	p.save(s, "engine")
	p.want(s, "engine")
	p.save(s, "engine", at("shop", 4))
	p.save(s, "engine")
	p.want(s, "engine", at("shop", 4))
}

func refusesGarbage(p *place) {
	s := p.open()
	p.save(s, "engine", at("shop", 4))
	for _, garbage := range []string{"", "garbage", "null", "7", "[]", `"text"`, `{"a":`, `{"a":1} {"b":2}`, `{"a":1},`, "{\"a\":\"\n\"}"} {
		for _, o := range []tailrace.Offset{
			{Partition: at("shop", 0).Partition, Position: garbage},
			{Partition: garbage, Position: `{"pos":5}`},
		} {
			err := p.call("Save", func(ctx context.Context) error {
				return s.Save(ctx, "engine", []tailrace.Offset{at("other", 1), o})
			})
			if err == nil {
				p.Errorf("Save of the offset %q succeeds", o)
			}
		}
	}
	p.want(s, "engine", at("shop", 4))
}

func sharesNothing(p *place) {
	s := p.open()
	given := []tailrace.Offset{at("shop", 4)}
	p.save(s, "engine", given...)
	clear(given)
	p.want(s, "engine", at("shop", 4))
	clear(p.load(s, "engine"))
	p.want(s, "engine", at("shop", 4))
}

func isConcurrent(p *place) {
	const goroutines, saves = 4, 10
	shared := p.open()
	err := p.call("Save by several goroutines", func(ctx context.Context) error {
		errs := make(chan error, goroutines*saves)
		var running sync.WaitGroup
		for g := range goroutines {
			running.Go(func() {
				s := shared
				if g%2 == 0 {
					s = p.open()
				}
				for n := range saves {
					errs <- errors.Join(
						s.Save(ctx, "engine", []tailrace.Offset{at(fmt.Sprint("partition ", g), n)}),
						s.Save(ctx, fmt.Sprint("engine ", g), []tailrace.Offset{at("shop", n)}),
						loads(ctx, s, "engine"))
				}
			})
		}
		running.Wait()
		close(errs)
		var all []error
		for err := range errs {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
	if err != nil {
		p.Fatal(err)
	}
	var want []tailrace.Offset
	for g := range goroutines {
		want = append(want, at(fmt.Sprint("partition ", g), saves-1))
		p.want(shared, fmt.Sprint("engine ", g), at("shop", saves-1))
	}
	p.want(shared, "engine", want...)
}

func loads(ctx context.Context, s offset.Store, name string) error {
	_, err := s.Load(ctx, name)
	return err
}

func heedsContext(p *place) {
	s := p.open()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Save(ctx, "engine", []tailrace.Offset{at("shop", 4)}); !errors.Is(err, context.Canceled) {
		p.Errorf("Save with a cancelled context gives the error %v", err)
	}
	if err := loads(ctx, s, "engine"); !errors.Is(err, context.Canceled) {
		p.Errorf("Load with a cancelled context gives the error %v", err)
	}
	p.want(s, "engine")
}

// claim takes a name and fails if it cannot.
func (p *place) claim(s offset.Store, name string) (release func()) {
	p.Helper()
	f, err := p.tryClaim(s, name)
	if err != nil {
		p.Fatalf("Claim of %q: %v", name, err)
	}
	p.Cleanup(func() { f() }) // again where the check has released it
	return func() {
		p.Helper()
		if err := p.call("release", func(context.Context) error { return f() }); err != nil {
			p.Errorf("release of %q: %v", name, err)
		}
	}
}

func (p *place) tryClaim(s offset.Store, name string) (release func() error, err error) {
	p.Helper()
	err = p.call("Claim", func(ctx context.Context) (err error) {
		release, err = s.(offset.Claimer).Claim(ctx, name)
		return err
	})
	return release, err
}

func (p *place) wantClaimed(s offset.Store, name string) {
	p.Helper()
	release, err := p.tryClaim(s, name)
	if err == nil {
		release()
		p.Fatalf("Claim of %q succeeds where another has it", name)
	}
	if !strings.Contains(err.Error(), name) {
		p.Fatalf("the error of a second Claim does not have the name %q: %v", name, err)
	}
}

func claimsOnce(p *place) {
	s := p.open()
	for range 3 {
		release := p.claim(s, "engine")
		p.wantClaimed(s, "engine")
		p.wantClaimed(p.open(), "engine")
		release()
		s = p.open()
	}
}

func claimsApart(p *place) {
	s := p.open()
	p.claim(s, "engine")
	release := p.claim(s, "another engine")
	p.claim(p.open(), "..")
	release()
	p.claim(s, "another engine")
	p.wantClaimed(s, "engine")
}

func worksClaimed(p *place) {
	s := p.open()
	release := p.claim(s, "engine")
	p.save(s, "engine", at("shop", 4))
	p.want(s, "engine", at("shop", 4))
	release()
	p.want(s, "engine", at("shop", 4))
	p.claim(s, "engine")
	p.want(s, "engine", at("shop", 4))
}

func releasesTwice(p *place) {
	s := p.open()
	release := p.claim(s, "engine")
	release()
	release()
	p.claim(p.open(), "engine")
	release()
	p.wantClaimed(s, "engine")
}

func claimsOneOfMany(p *place) {
	for range 20 {
		var having, got atomic.Int32
		err := p.call("Claim by several goroutines", func(ctx context.Context) error {
			var running sync.WaitGroup
			var failures sync.Map
			for g := range 4 {
				running.Go(func() {
					release, err := p.open().(offset.Claimer).Claim(ctx, "engine")
					if err != nil {
						return
					}
					got.Add(1)
					if having.Add(1) > 1 {
						failures.Store(g, errors.New("two have the name at a time"))
					}
					having.Add(-1)
					if err := release(); err != nil {
						failures.Store(g, err)
					}
				})
			}
			running.Wait()
			var errs []error
			failures.Range(func(_, err any) bool { errs = append(errs, err.(error)); return true })
			return errors.Join(errs...)
		})
		if err != nil {
			p.Fatal(err)
		}
		if got.Load() == 0 {
			p.Fatal("none of four that tried got the name")
		}
	}
}
