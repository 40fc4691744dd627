package main

import (
	"encoding/json"
	"io"
	"os"
	"strconv"
)

// spread is a distribution as it is recorded.
type spread struct {
	Count     int64  `json:"count"`
	SumNs     int64  `json:"sum_ns"`
	MinNs     *int64 `json:"min_ns"`
	MaxNs     *int64 `json:"max_ns"`
	Histogram []pair `json:"histogram"` // [microseconds, count]
}

type stampsRecord struct {
	Source      string  `json:"source"` // kernel or none
	Reason      *string `json:"reason"`
	Reads       int64   `json:"reads"`
	Missing     int64   `json:"missing"`
	BeforeWrite int64   `json:"before_write"`
}

type batchesRecord struct {
	Sent       int64 `json:"sent"`
	Answered   int64 `json:"answered"`
	Lost       int64 `json:"lost"`
	Unanswered int64 `json:"unanswered"`
	Unsent     int64 `json:"unsent"`
}

type openRecord struct {
	OfferedBatches   int64   `json:"offered_batches"`
	OfferedRequests  int64   `json:"offered_requests"`
	OfferedRate      float64 `json:"offered_rate"`
	AchievedRequests int64   `json:"achieved_requests"`
	AchievedRate     float64 `json:"achieved_rate"`
	Queued           int64   `json:"queued"`
	Backlog          int64   `json:"backlog"`
	Unsent           int64   `json:"unsent"`
	MaxQueue         int64   `json:"max_queue"`
	IntendedGaps     gaps    `json:"intended_gaps"`
	SentGaps         gaps    `json:"sent_gaps"`
}

type faultRecord struct {
	Kind       string  `json:"kind"`
	Detail     string  `json:"detail"`
	Connection int     `json:"connection"`
	Response   int64   `json:"response"`
	AtUs       int64   `json:"at_us"`
	Expected   *string `json:"expected"`
	Bytes      string  `json:"bytes"`
	Size       int     `json:"size"`
}

type lossesRecord struct {
	Reset              int64  `json:"reset"`
	ClosedIdle         int64  `json:"closed_idle"`
	ClosedBeforeAnswer int64  `json:"closed_before_answer"`
	ClosedInBatch      int64  `json:"closed_in_batch"`
	ClosedInResponse   int64  `json:"closed_in_response"`
	HalfClosed         *int64 `json:"half_closed"`
	Abandoned          int64  `json:"abandoned"`
	Error              int64  `json:"error"`
	Announced          int64  `json:"announced"`
}

type connectsRecord struct {
	Opened            int64   `json:"opened"`
	Failed            int64   `json:"failed"`
	FirstFailure      *string `json:"first_failure"`
	DisconnectedAtEnd int     `json:"disconnected_at_end"`
}

type readsRecord struct {
	Window  int64 `json:"window"`
	Total   int64 `json:"total"`
	Several int64 `json:"several"`
	None    int64 `json:"none"`
}

// record is what is written for programs; docs/volley.md explains the fields. Null is "not measured".
type record struct {
	Version              int              `json:"version"`
	Argv                 []string         `json:"argv"`
	URL                  string           `json:"url"`
	Address              string           `json:"address"`
	Mode                 mode             `json:"mode"`
	Connections          int              `json:"connections"`
	Depth                int              `json:"depth"`
	Threads              int              `json:"threads"`
	Batch                int              `json:"batch"`
	Slots                int              `json:"slots"`
	Rate                 *float64         `json:"rate"`
	Burst                *int             `json:"burst"`
	Arrivals             *string          `json:"arrivals"`
	Seed                 *uint64          `json:"seed"`
	Expect               *string          `json:"expect"`
	Tokens               bool             `json:"tokens"`
	WriteLate            bool             `json:"write_late"`
	Spin                 bool             `json:"spin"`
	ReadSize             int              `json:"read_size"`
	StartUnixNs          int64            `json:"start_unix_ns"`
	DurationUs           int64            `json:"duration_us"`
	WarmUpUs             int64            `json:"warm_up_us"`
	GraceUs              int64            `json:"grace_us"`
	DrainUs              int64            `json:"drain_us"`
	Interrupted          bool             `json:"interrupted"`
	Requests             int64            `json:"requests"`
	Bytes                int64            `json:"bytes"`
	CPUNs                *int64           `json:"cpu_ns"`
	CPUSpanNs            *int64           `json:"cpu_span_ns"`
	ClockStepNs          int64            `json:"clock_step_ns"`
	Stamps               stampsRecord     `json:"stamps"`
	Latency              spread           `json:"latency"`
	FirstLatency         spread           `json:"first_latency"`
	IntendedLatency      *spread          `json:"intended_latency"`
	FirstIntendedLatency *spread          `json:"first_intended_latency"`
	OwnDelay             *spread          `json:"own_delay"`
	Lag                  *spread          `json:"lag"`
	Batches              batchesRecord    `json:"batches"`
	FirstBounded         int64            `json:"first_bounded"`
	Bounded              int64            `json:"bounded"`
	Little               *balance         `json:"little"`
	Open                 *openRecord      `json:"open"`
	Checked              int64            `json:"checked"`
	Recognized           int64            `json:"recognized"`
	Faults               map[string]int64 `json:"faults"`
	FaultsInWindow       int64            `json:"faults_in_window"`
	FirstFault           *faultRecord     `json:"first_fault"`
	Losses               lossesRecord     `json:"losses"`
	FirstLoss            *string          `json:"first_loss"`
	Connects             connectsRecord   `json:"connects"`
	SilentConnections    int              `json:"silent_connections"`
	IntervalUs           int64            `json:"interval_us"`
	Intervals            [][3]int64       `json:"intervals"`
	ActiveIntervals      int              `json:"active_intervals"`
	Reads                readsRecord      `json:"reads"`
	Wire                 *wire            `json:"wire"`
}

const recordVersion = 1

// seconds is the length of the window.
func (r *result) seconds() float64 { return float64(r.edges.end-r.edges.start) / 1e9 }

// record is the whole result. argv are the arguments of the command.
func (r *result) record(argv []string) *record {
	p, t := r.plan, &r.tally
	made := &record{
		Version: recordVersion, Argv: argv, URL: p.url, Address: r.target.address.String(),
		Mode: p.mode, Connections: p.connections, Depth: p.depth, Threads: p.threads, Batch: p.batch(), Slots: p.slots(),
		Expect: p.expect, Tokens: p.tokens, WriteLate: p.writeLate, Spin: p.spin, ReadSize: p.readSize,
		StartUnixNs: r.edges.start, DurationUs: (r.edges.end - r.edges.start) / 1000,
		WarmUpUs: p.warmUp.Microseconds(), GraceUs: p.grace.Microseconds(),
		DrainUs:     max(0, t.drained-r.edges.end) / 1000,
		Interrupted: r.interrupted, Requests: t.requests, Bytes: t.bytes, ClockStepNs: r.clockStep,
		Stamps: stampsRecord{
			Source: "kernel", Reads: t.reads, Missing: t.missing, BeforeWrite: t.beforeWrite, Reason: text(r.noStamps),
		},
		Latency: t.latency.spread(), FirstLatency: t.firstLatency.spread(),
		Batches: batchesRecord{
			Sent: t.sent + t.unsent, Answered: t.latency.count, Lost: t.lostBatches, Unanswered: t.unanswered, Unsent: t.unsent,
		},
		FirstBounded: t.firstBounded, Bounded: t.bounded,
		Checked: r.judge.checked, Recognized: r.judge.recognized, Faults: map[string]int64{},
		FaultsInWindow: r.judge.inWindow,
		Losses: lossesRecord{
			Reset: t.losses[reset], ClosedIdle: t.losses[closedIdle], ClosedBeforeAnswer: t.losses[closedBeforeAnswer],
			ClosedInBatch: t.losses[closedInBatch], ClosedInResponse: t.losses[closedInResponse],
			Abandoned: t.losses[abandoned], Error: t.losses[failed], Announced: t.announced,
		},
		FirstLoss: text(t.firstLoss),
		Connects: connectsRecord{
			Opened: t.opened, Failed: t.connectsFailed, FirstFailure: text(t.firstFailure), DisconnectedAtEnd: r.lost,
		},
		SilentConnections: t.silent, Intervals: [][3]int64{}, IntervalUs: interval / 1000,
		Reads: readsRecord{Window: t.windowReads, Total: t.reads, Several: t.several, None: t.none},
	}
	if p.batch() == 1 {
		made.FirstLatency = made.Latency
	}
	if r.spans > 0 {
		span := r.spans / int64(p.threads)
		made.CPUNs, made.CPUSpanNs = &r.cpu, &span
	}
	if r.noStamps != "" {
		made.Stamps.Source = "none"
	} else {
		own := t.ownDelay.spread()
		made.OwnDelay = &own
	}
	for number, name := range kindNames {
		if name != "" {
			made.Faults[name] = r.judge.faults[number]
		}
	}
	if f := r.judge.first; f != nil {
		made.FirstFault = &faultRecord{
			Kind: kindNames[f.kind], Detail: f.detail, Connection: f.connection, Response: f.response,
			AtUs: (f.at - r.edges.start) / 1000, Expected: f.expected, Bytes: quote(f.bytes), Size: f.size,
		}
	}
	if r.target.address.Addr().IsLoopback() {
		made.Losses.HalfClosed = &t.halfClosed
	}
	for at, part := range t.intervals {
		if int64(at)*interval >= r.edges.end-r.edges.start {
			break // the window was cut short
		}
		made.Intervals = append(made.Intervals, [3]int64{part.Responses, part.Batches, part.LatencyNs})
		if part.Responses > 0 {
			made.ActiveIntervals++
		}
	}
	if !t.noWire {
		made.Wire = &t.wire
	}
	if p.mode == open {
		r.recordOpen(made)
	} else {
		made.Little = r.balance()
	}
	return made
}

func (r *result) recordOpen(made *record) {
	p, t := r.plan, &r.tally
	arrivals := "even"
	if p.poisson {
		arrivals = "poisson"
	}
	made.Rate, made.Burst, made.Arrivals, made.Seed = &p.rate, &p.burst, &arrivals, &p.seed
	intended, first, lag := t.intended.spread(), t.firstIntended.spread(), t.lag.spread()
	if p.burst == 1 {
		first = intended
	}
	made.IntendedLatency, made.FirstIntendedLatency, made.Lag = &intended, &first, &lag
	made.Open = &openRecord{
		OfferedBatches: r.arrivals, OfferedRequests: r.arrivals * int64(p.burst),
		AchievedRequests: t.requests,
		Queued:           t.waited, Backlog: t.backlog, Unsent: t.unsent, MaxQueue: t.maxQueue,
		IntendedGaps: r.gaps[0], SentGaps: r.gaps[1],
	}
	if r.seconds() > 0 {
		made.Open.OfferedRate = float64(made.Open.OfferedRequests) / r.seconds()
		made.Open.AchievedRate = float64(t.requests) / r.seconds()
	}
}

// balance is Little's law of this load. Without stamps there is no ratio: it would be 1 by construction.
func (r *result) balance() *balance {
	t := &r.tally
	made := &balance{
		Slots: r.plan.connections * r.plan.slots(), SlotNs: r.slotNs,
		LatencyNs: t.latency.sum, OwnDelayNs: t.ownDelay.sum,
		BeforeLatency: t.latency.before, AfterLatency: t.latency.after,
		BeforeDelay: t.ownDelay.before, AfterDelay: t.ownDelay.after,
		StartNs: t.startNs, LostNs: t.lostNs, UnansweredNs: t.unansweredNs, DisconnectedNs: t.disconnectedNs,
	}
	if r.noStamps == "" {
		made.close()
	}
	return made
}

func (d *distribution) spread() spread {
	made := spread{Count: d.count, SumNs: d.sum, Histogram: d.pairs()}
	if d.count > 0 {
		made.MinNs, made.MaxNs = &d.min, &d.max
	}
	return made
}

// text is nil where there is none.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// quote makes bytes readable, as Go does, without the quotes around.
func quote(raw []byte) string {
	quoted := strconv.QuoteToASCII(string(raw))
	return quoted[1 : len(quoted)-1]
}

// openRecordFile opens the file of a record before the load, and leaves what is in it until there is a new one.
func openRecordFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, refuse("--record %s cannot be written: %v", path, cause(err))
	}
	return file, nil
}

// write puts the record into a file that openRecordFile opened, in place of what was there.
func (r *record) write(file *os.File) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		if err := file.Truncate(0); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(file, string(text)+"\n"); err != nil {
		return err
	}
	return file.Close()
}
