package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// summarize writes what was measured for a person: one screen.
func (r *record) summarize(out io.Writer) error {
	var b strings.Builder
	line := func(name, format string, arguments ...any) {
		fmt.Fprintf(&b, "%-14s%s\n", name, fmt.Sprintf(format, arguments...))
	}
	line("load", "%s", r.describe())
	seconds := float64(r.DurationUs) / 1e6
	cut := ""
	if r.Interrupted {
		cut = ", interrupted"
	}
	if seconds > 0 {
		line("requests", "%d in %.3f s%s: %.0f/s", r.Requests, seconds, cut, float64(r.Requests)/seconds)
	} else {
		line("requests", "none: interrupted before the window")
	}
	if o := r.Open; o != nil {
		line("offered", "%.0f/s; %d of %d arrivals waited for their connection, %d were not written at the end",
			o.OfferedRate, o.Queued, o.OfferedBatches, o.Backlog)
	}
	if r.CPUNs != nil && r.Requests > 0 {
		line("own CPU", "%.2f µs a request, %.0f %% of %s", float64(*r.CPUNs)/1e3/float64(r.Requests),
			100*float64(*r.CPUNs)/float64(*r.CPUSpanNs)/float64(r.Threads), plural(r.Threads, "thread"))
	}
	fmt.Fprintf(&b, "\n%-14s%9s%9s%9s%9s%9s%9s%9s\n", "", "p50", "p90", "p99", "p99.9", "max", "mean", "samples")
	r.table(&b)
	b.WriteString("\n")
	if r.Little != nil && r.Little.Ratio != nil {
		line("Little's law", "latency + own delay = %.4f × connections × time", *r.Little.Ratio)
	}
	if r.Stamps.Source == "none" {
		line("no stamps", "%s: latencies end when a response was read, and own delay is not known", *r.Stamps.Reason)
	}
	if step := time.Duration(r.ClockStepNs).Abs(); step > 100*time.Microsecond {
		line("clock", "stepped by %v during the load: do not trust these latencies", time.Duration(r.ClockStepNs))
	}
	if wire := r.Wire; wire != nil && wire.Batches > 0 {
		batches := float64(wire.Batches)
		line("a batch", "%.2f reads, %.2f segments in, %.2f out; retransmitted %d", float64(r.Reads.Total)/batches,
			float64(wire.DataSegsIn)/batches, float64(wire.DataSegsOut)/batches, wire.Retransmits)
	}
	r.summarizeWrong(line)
	_, err := io.WriteString(out, b.String())
	return err
}

// describe says what was asked for.
func (r *record) describe() string {
	said := fmt.Sprintf("%s, %s, depth %d", r.Mode, plural(r.Connections, "connection"), r.Depth)
	if r.Rate != nil {
		said += fmt.Sprintf(", %g/s in bursts of %d, %s, seed %d", *r.Rate, *r.Burst, *r.Arrivals, *r.Seed)
	}
	return said + ", " + r.URL
}

func (r *record) table(b *strings.Builder) {
	row := func(name string, s *spread) {
		if s == nil {
			return
		}
		fmt.Fprintf(b, "%-14s", name)
		for _, share := range []float64{0.5, 0.9, 0.99, 0.999} {
			if us, ok := percentile(s.Histogram, share); ok {
				fmt.Fprintf(b, "%9s", short(us*1000))
			} else {
				fmt.Fprintf(b, "%9s", "-")
			}
		}
		if s.Count > 0 {
			fmt.Fprintf(b, "%9s%9s", short(*s.MaxNs), short(s.SumNs/s.Count))
		} else {
			fmt.Fprintf(b, "%9s%9s", "-", "-")
		}
		fmt.Fprintf(b, "%9d\n", s.Count)
	}
	if r.Open != nil {
		if r.Batch > 1 {
			row("first", r.FirstIntendedLatency)
		}
		row("latency", r.IntendedLatency)
		row("from write", &r.Latency)
		row("lag", r.Lag)
	} else {
		if r.Batch > 1 {
			row("first", &r.FirstLatency)
		}
		row("latency", &r.Latency)
	}
	row("own delay", r.OwnDelay)
}

func (r *record) summarizeWrong(line func(name, format string, arguments ...any)) {
	bodies := ""
	if r.Expect == nil && !r.Tokens {
		bodies = "; bodies were not compared (--expect)"
	}
	var wrong []string
	for _, name := range kindNames[1:] {
		if n := r.Faults[name]; n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(wrong) == 0 {
		line("checked", "%d responses, none wrong%s", r.Checked, bodies)
	} else {
		f := r.FirstFault
		line("WRONG", "%s, of %d responses%s", strings.Join(wrong, ", "), r.Checked, bodies)
		line("  first", "%s: connection %d, response %d: %q", f.Detail, f.Connection, f.Response, f.Bytes)
	}
	if n := r.Batches.Unanswered; n > 0 {
		line("UNANSWERED", "%s of %d after a grace of %v", plural(int(n), "batch"), r.Batches.Sent,
			time.Duration(r.GraceUs)*time.Microsecond)
	}
	l := &r.Losses
	lost := l.Reset + l.ClosedIdle + l.ClosedBeforeAnswer + l.ClosedInBatch + l.ClosedInResponse + l.Abandoned + l.Error
	if lost > 0 {
		line("LOST", "%s, and %d batches with them; first: %s", plural(int(lost), "connection"), r.Batches.Lost, *r.FirstLoss)
	}
	if r.Connects.Failed > 0 {
		line("NOT OPENED", "%d times: %s", r.Connects.Failed, *r.Connects.FirstFailure)
	}
}

// short is a duration in five or six characters.
func short(ns int64) string {
	us := float64(ns) / 1e3
	switch {
	case us < 1000:
		return fmt.Sprintf("%.0f µs", us)
	case us < 100_000:
		return fmt.Sprintf("%.2f ms", us/1e3)
	case us < 1_000_000:
		return fmt.Sprintf("%.0f ms", us/1e3)
	}
	return fmt.Sprintf("%.2f s", us/1e6)
}

func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
