package main

// distribution counts durations to the microsecond, without loss, and keeps their sum in nanoseconds.
type distribution struct {
	counts   []uint32 // index: whole microseconds
	beyond   []int64  // microseconds of what is longer than counts reaches
	count    int64
	sum      int64 // ns
	min, max int64 // ns; of no meaning where count is 0
}

// 2.1 s: 8 MiB of address space, of which only pages that are counted in become memory. What takes longer is rare in
// itself, and is listed one by one. A count cannot overflow: an hour, the longest load, has 3.6e9 microseconds, and no
// thread answers one batch in each.
const countedMicroseconds = 1 << 21

func newDistribution() distribution {
	return distribution{counts: make([]uint32, countedMicroseconds), beyond: make([]int64, 0, 1<<12)}
}

// add counts one duration, in nanoseconds, not negative: an increment of one cache line, and four of a near one.
func (d *distribution) add(ns int64) {
	us := uint64(ns) / 1000
	if us < uint64(len(d.counts)) {
		d.counts[us]++
	} else {
		d.beyond = append(d.beyond, int64(us))
	}
	if d.count == 0 || ns < d.min {
		d.min = ns
	}
	if ns > d.max {
		d.max = ns
	}
	d.count++
	d.sum += ns
}

// merge adds what another thread counted.
func (d *distribution) merge(other *distribution) {
	if other.count == 0 {
		return
	}
	for us, count := range other.counts {
		if count > 0 {
			d.counts[us] += count
		}
	}
	d.beyond = append(d.beyond, other.beyond...)
	if d.count == 0 || other.min < d.min {
		d.min = other.min
	}
	d.max = max(d.max, other.max)
	d.count += other.count
	d.sum += other.sum
}
