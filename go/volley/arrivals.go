package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// schedule returns the times of arrivals from 0 up to total (ns), rate of them a second: evenly spaced, or a Poisson
// process drawn from the seed. The same arguments give the same times.
func schedule(rate float64, total int64, poisson bool, seed uint64) []int64 {
	gap := 1e9 / rate
	expected := float64(total) / gap
	times := make([]int64, 0, int(expected+6*math.Sqrt(expected))+8)
	random := rand.New(rand.NewPCG(seed, 0))
	at := 0.0
	for n := 1; ; n++ {
		if poisson {
			at += random.ExpFloat64() * gap
		} else if n > 1 {
			at = float64(n-1) * gap // not a sum: errors would add up
		}
		if at >= float64(total) {
			return times
		}
		times = append(times, int64(at))
	}
}

// gaps describe the time between arrivals. Null where there is nothing to tell.
type gaps struct {
	Count           int64    `json:"count"`
	MeanNs          *float64 `json:"mean_ns"`
	CV              *float64 `json:"cv"`               // standard deviation / mean: 1 for Poisson, 0 for even
	AndersonDarling *float64 `json:"anderson_darling"` // A² against the exponential of the rate asked for
}

const (
	fewestGaps = 8
	mostGaps   = 10_000 // of which A² is computed: with more, it finds the width of the clock
)

// describe looks at the gaps between times (ns), which it sorts. Where mean (ns) is positive, at most mostGaps of the
// gaps, drawn by the seed, are held against the exponential distribution of that mean.
func describe(times []int64, mean float64, seed uint64) gaps {
	slices.Sort(times)
	if len(times) < 2 {
		return gaps{}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	drawn := make([]float64, 0, mostGaps)
	var sum, squares float64
	for n, time := range times[1:] {
		gap := float64(time - times[n])
		sum += gap
		squares += gap * gap
		if len(drawn) < mostGaps { // Vitter's algorithm R
			drawn = append(drawn, gap)
		} else if k := random.IntN(n + 1); k < mostGaps {
			drawn[k] = gap
		}
	}
	count := float64(len(times) - 1)
	found := gaps{Count: int64(count)}
	average := sum / count
	found.MeanNs = &average
	if average > 0 {
		cv := math.Sqrt(max(0, squares/count-average*average)) / average
		found.CV = &cv
	}
	if mean > 0 && len(drawn) >= fewestGaps {
		statistic := andersonDarling(drawn, mean)
		found.AndersonDarling = &statistic
	}
	return found
}

// andersonDarling is A² of gaps against the exponential distribution of a known mean (Anderson and Darling, 1954;
// case 0 of Stephens, 1974: A² above 2.492 has a probability of 5 %, above 3.857 of 1 %). It sorts the gaps. A gap of 0
// is one that the clock could not tell from half a nanosecond.
func andersonDarling(gaps []float64, mean float64) float64 {
	slices.Sort(gaps)
	n := len(gaps)
	sum := 0.0
	for i, gap := range gaps {
		below := math.Log(-math.Expm1(-max(gap, 0.5) / mean))
		above := -max(gaps[n-1-i], 0.5) / mean
		sum += float64(2*i+1) * (below + above)
	}
	return -float64(n) - sum/float64(n)
}
