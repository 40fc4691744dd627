package main

import (
	"math"
	"slices"
)

// pair is a number of whole microseconds, and how many durations had it.
type pair [2]int64

// pairs are all that was counted, in ascending order.
func (d *distribution) pairs() []pair {
	pairs := []pair{}
	for us, count := range d.counts {
		if count > 0 {
			pairs = append(pairs, pair{int64(us), int64(count)})
		}
	}
	beyond := slices.Sorted(slices.Values(d.beyond))
	for len(beyond) > 0 {
		n := 1
		for n < len(beyond) && beyond[n] == beyond[0] {
			n++
		}
		pairs = append(pairs, pair{beyond[0], int64(n)})
		beyond = beyond[n:]
	}
	return pairs
}

// percentile is the smallest number of microseconds that at least a share of the durations do not exceed (nearest
// rank). ok is false where there are none.
func percentile(pairs []pair, share float64) (us int64, ok bool) {
	var total int64
	for _, p := range pairs {
		total += p[1]
	}
	rank := max(1, int64(math.Ceil(share*float64(total))))
	for _, p := range pairs {
		if rank -= p[1]; rank <= 0 {
			return p[0], true
		}
	}
	return 0, false
}
