package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/heartbeat"
	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/leavegroup"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/syncgroup"

	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// group is a member of a consumer group. Its goroutine joins, beats and joins
// again when the group changes; commits go on a connection of their own.
type group struct {
	settings    Source
	coordinator *kafkawire.Coordinator
	member      string // "" before there is one
	running     sync.WaitGroup
	cancel      context.CancelFunc

	committing sync.Mutex
	commits    *kafkawire.Coordinator

	mu      sync.Mutex
	current assignment
	over    bool            // partitions may be lost: nothing is handed out
	out     map[place]int64 // behind what was handed out and is not committed
	settled chan struct{}   // closed when out becomes empty; nil while nobody waits
	news    chan struct{}   // closed when something changes
	err     error           // why the group has ended
}

// assignment is the partitions that a member has for a generation of the group.
type assignment struct {
	number     int // of this reader's assignments, from 1
	generation int32
	member     string
	places     []place
	committed  map[place]int64
	known      map[string]int // the topics' numbers of partitions
}

// follows says whether nobody can have had the partitions in between.
func (a assignment) follows(b assignment) bool {
	return b.number+1 == a.number && b.generation+1 == a.generation && a.member == b.member
}

func newGroup(s Source) *group {
	to := s.connection()
	g := &group{settings: s, out: make(map[place]int64), news: make(chan struct{})}
	g.commits = &kafkawire.Coordinator{Cluster: kafkawire.New(to), Kind: kafkawire.OfGroup, Key: s.Group}
	to.RequestTimeout += s.RebalanceTimeout // that is how long joining may take
	g.coordinator = &kafkawire.Coordinator{Cluster: kafkawire.New(to), Kind: kafkawire.OfGroup, Key: s.Group}
	return g
}

// start joins, and returns once there is an assignment.
func (g *group) start(ctx context.Context) error {
	life, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	first := g.changed()
	g.running.Go(func() { g.run(life) })
	select {
	case <-first:
	case <-ctx.Done():
		return fmt.Errorf("join the group %s: %w", g.settings.Group, context.Cause(ctx))
	}
	_, err := g.assigned()
	return err
}

func (g *group) close() {
	if g.cancel != nil {
		g.cancel()
	}
	g.running.Wait()
	g.coordinator.Cluster.Close()
	g.commits.Cluster.Close()
}

// run is the goroutine of the group, until it fails or is closed.
func (g *group) run(ctx context.Context) {
	var err error
	for err == nil && ctx.Err() == nil {
		var a assignment
		if a, err = g.join(ctx); err == nil {
			g.assign(a)
			err = g.beat(ctx, a)
		}
		if err == nil {
			g.handOver(ctx)
		}
	}
	if ctx.Err() != nil {
		g.leave()
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = fmt.Errorf("the group %s: %w", g.settings.Group, err)
	g.tell()
}

// tell wakes those who wait for a change. g.mu is held.
func (g *group) tell() {
	close(g.news)
	g.news = make(chan struct{})
}

func (g *group) changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.news
}

func (g *group) assigned() (assignment, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current, g.err
}

func (g *group) handingOver() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over
}

func (g *group) assign(a assignment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a.number = g.current.number + 1
	g.current, g.over = a, false
	clear(g.out)
	g.tell()
}

// handOut notes how far a partition is read.
func (g *group) handOut(reached map[place]int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.Copy(g.out, reached)
}

// handOver waits until what was handed out is committed, for a while: what is
// not by then is read again by whoever gets the partition.
func (g *group) handOver(ctx context.Context) {
	g.mu.Lock()
	g.over = true
	g.tell()
	var settled chan struct{}
	if len(g.out) > 0 {
		settled = make(chan struct{})
		g.settled = settled
	}
	g.mu.Unlock()
	if settled == nil {
		return
	}
	late := time.NewTimer(g.settings.HandOver)
	defer late.Stop()
	select {
	case <-settled:
	case <-late.C:
	case <-ctx.Done():
	}
}

// settle notes what is committed.
func (g *group) settle(next map[place]int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p, n := range next {
		if reached, ok := g.out[p]; ok && n >= reached {
			delete(g.out, p)
		}
	}
	if len(g.out) == 0 && g.settled != nil {
		close(g.settled)
		g.settled = nil
	}
}

// Codes that kafka-go has no name for that fits.
const (
	memberIDRequired = kafkago.Error(79)
	unknownMember    = kafkago.UnknownMemberId
	oldGeneration    = kafkago.IllegalGeneration
	rebalancing      = kafkago.RebalanceInProgress
)

// join becomes a member of a new generation of the group.
func (g *group) join(ctx context.Context) (a assignment, err error) {
	var wait kafkawire.Backoff
	for {
		a, err = g.tryJoin(ctx)
		code, _ := errors.AsType[kafkago.Error](err)
		switch code {
		case memberIDRequired: // g.member is the one to come back with
			continue
		case unknownMember:
			g.member = ""
		case rebalancing, oldGeneration:
		default:
			if err == nil || !passes(err) {
				return a, g.explain(err)
			}
		}
		if over := g.coordinator.Cluster.Sleep(ctx, wait.Next()); over != nil {
			return a, fmt.Errorf("%w: %w", over, err)
		}
	}
}

func (g *group) explain(err error) error {
	code, _ := errors.AsType[kafkago.Error](err)
	switch code {
	case kafkago.GroupAuthorizationFailed:
		return kafkawire.Permanent(fmt.Errorf("the user is not allowed to use it; grant Read on the group: %w", err))
	case kafkago.InconsistentGroupProtocol:
		return kafkawire.Permanent(fmt.Errorf("its other members assign partitions in another way than by ranges: give them the RangeAssignor, or take another group: %w", err))
	}
	return err
}

func (g *group) tryJoin(ctx context.Context) (a assignment, err error) {
	s := &g.settings
	if a.known, err = s.topics(ctx, g.coordinator.Cluster); err != nil {
		return a, err
	}
	m, err := g.coordinator.Do(ctx, &joingroup.Request{
		GroupID: s.Group, SessionTimeoutMS: int32(s.SessionTimeout.Milliseconds()), RebalanceTimeoutMS: int32(s.RebalanceTimeout.Milliseconds()),
		MemberID: g.member, ProtocolType: "consumer",
		Protocols: []joingroup.RequestProtocol{{Name: "range", Metadata: appendSubscription(nil, slices.Sorted(maps.Keys(a.known)))}},
	}, func(m protocol.Message) int16 { return m.(*joingroup.Response).ErrorCode })
	if m != nil && m.(*joingroup.Response).MemberID != "" {
		g.member = m.(*joingroup.Response).MemberID
	}
	if err != nil {
		return a, fmt.Errorf("join: %w", err)
	}
	joined := m.(*joingroup.Response)
	a.generation, a.member = joined.GenerationID, joined.MemberID
	var shares []syncgroup.RequestAssignment
	if joined.LeaderID == joined.MemberID {
		if shares, err = g.share(ctx, joined.Members); err != nil {
			return a, err
		}
	}
	m, err = g.coordinator.Do(ctx, &syncgroup.Request{
		GroupID: s.Group, GenerationID: a.generation, MemberID: a.member, ProtocolType: "consumer", ProtocolName: "range", Assignments: shares,
	}, func(m protocol.Message) int16 { return m.(*syncgroup.Response).ErrorCode })
	if err != nil {
		return a, fmt.Errorf("learn the own partitions: %w", err)
	}
	if a.places, err = parseAssignment(m.(*syncgroup.Response).Assignments); err != nil {
		return a, kafkawire.Permanent(err)
	}
	a.committed, err = g.committed(ctx, a.places)
	return a, err
}

// share spreads the partitions over the members, as their leader.
func (g *group) share(ctx context.Context, members []joingroup.ResponseMember) (out []syncgroup.RequestAssignment, err error) {
	wants := make(map[string][]string)
	var topics []string
	for _, m := range members {
		if wants[m.MemberID], err = parseSubscription(m.Metadata); err != nil {
			return nil, kafkawire.Permanent(err)
		}
		topics = append(topics, wants[m.MemberID]...)
	}
	slices.Sort(topics)
	all := Source{Topics: slices.Compact(topics), Await: true} // a topic that has gone since is its members' matter
	partitions := make(map[string]int)
	if len(all.Topics) > 0 {
		if partitions, err = all.topics(ctx, g.coordinator.Cluster); err != nil {
			return nil, err
		}
	}
	shares := spread(wants, partitions)
	for _, m := range members {
		out = append(out, syncgroup.RequestAssignment{MemberID: m.MemberID, Assignment: appendAssignment(nil, shares[m.MemberID])})
	}
	return out, nil
}

// committed gives the group's offsets of partitions, where there are such.
func (g *group) committed(ctx context.Context, places []place) (map[place]int64, error) {
	if len(places) == 0 {
		return nil, nil
	}
	req := &offsetfetch.Request{GroupID: g.settings.Group}
	byTopic := make(map[string][]int32)
	for _, p := range places {
		byTopic[p.topic] = append(byTopic[p.topic], p.partition)
	}
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		req.Topics = append(req.Topics, offsetfetch.RequestTopic{Name: topic, PartitionIndexes: byTopic[topic]})
	}
	m, err := g.coordinator.Do(ctx, req, func(m protocol.Message) int16 {
		res := m.(*offsetfetch.Response)
		for _, t := range res.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					return p.ErrorCode
				}
			}
		}
		return res.ErrorCode
	})
	if err != nil {
		return nil, fmt.Errorf("ask for the committed offsets: %w", err)
	}
	out := make(map[place]int64)
	for _, t := range m.(*offsetfetch.Response).Topics {
		for _, p := range t.Partitions {
			if p.CommittedOffset >= 0 {
				out[place{t.Name, p.PartitionIndex}] = p.CommittedOffset
			}
		}
	}
	return out, nil
}

// beat tells the coordinator that the member lives, until the group is to come
// together anew.
func (g *group) beat(ctx context.Context, a assignment) error {
	tick := time.NewTicker(g.settings.HeartbeatInterval)
	defer tick.Stop()
	look := time.NewTicker(g.settings.lookAfter(a.known))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			known, err := g.settings.topics(ctx, g.coordinator.Cluster)
			if err != nil && !passes(err) {
				return err
			}
			if err == nil && !maps.Equal(known, a.known) {
				return nil
			}
			continue
		case <-tick.C:
		}
		once, cancel := kafkawire.Within(ctx, g.settings.SessionTimeout)
		_, err := g.coordinator.Do(once, &heartbeat.Request{GroupID: g.settings.Group, GenerationID: a.generation, MemberID: a.member},
			func(m protocol.Message) int16 { return m.(*heartbeat.Response).ErrorCode })
		cancel()
		code, said := errors.AsType[kafkago.Error](err)
		switch {
		case err == nil:
		case code == unknownMember:
			g.member = ""
			return nil
		case code == rebalancing, code == oldGeneration, once.Err() != nil:
			return nil
		case said || !passes(err):
			return g.explain(fmt.Errorf("heartbeat: %w", err))
		}
	}
}

// leave tells the group that the partitions are free. Where that fails the
// others find out after the SessionTimeout.
func (g *group) leave() {
	if g.member == "" {
		return
	}
	ctx, cancel := kafkawire.Within(context.Background(), time.Second)
	defer cancel()
	g.coordinator.Ask(ctx, &leavegroup.Request{
		GroupID: g.settings.Group, MemberID: g.member, Members: []leavegroup.RequestMember{{MemberID: g.member}},
	})
}

// commit commits offsets of partitions that the member has. Those that it has no
// longer are left: whoever has them reads from the last commit.
func (g *group) commit(ctx context.Context, next map[place]int64) error {
	g.committing.Lock()
	defer g.committing.Unlock()
	ctx, cancel := kafkawire.Within(ctx, patience)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		err := g.tryCommit(ctx, next)
		code, _ := errors.AsType[kafkago.Error](err)
		switch code {
		case rebalancing:
			if over := g.commits.Cluster.Sleep(ctx, wait.Next()); over != nil {
				return fmt.Errorf("%w: %w", over, err)
			}
			continue
		case unknownMember, oldGeneration:
			return nil
		}
		return g.explain(err)
	}
}

func (g *group) tryCommit(ctx context.Context, next map[place]int64) error {
	a, err := g.assigned()
	if err != nil {
		return err
	}
	byTopic := make(map[string][]offsetcommit.RequestPartition)
	for _, p := range a.places {
		if n, ok := next[p]; ok {
			byTopic[p.topic] = append(byTopic[p.topic], offsetcommit.RequestPartition{PartitionIndex: p.partition, CommittedOffset: n, CommittedLeaderEpoch: -1})
		}
	}
	if len(byTopic) == 0 {
		return nil
	}
	req := &offsetcommit.Request{GroupID: g.settings.Group, GenerationID: a.generation, MemberID: a.member, RetentionTimeMs: -1}
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		req.Topics = append(req.Topics, offsetcommit.RequestTopic{Name: topic, Partitions: byTopic[topic]})
	}
	_, err = g.commits.Do(ctx, req, func(m protocol.Message) int16 {
		for _, t := range m.(*offsetcommit.Response).Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					return p.ErrorCode
				}
			}
		}
		return 0
	})
	if err == nil {
		g.settle(next)
	}
	return err
}
