package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestDistributionIsLossless(t *testing.T) {
	var d, other distribution = newDistribution(), newDistribution()
	d.merge(&other)
	if s := d.spread(); s.Count != 0 || s.MinNs != nil || s.MaxNs != nil || len(s.Histogram) != 0 {
		t.Errorf("empty: %+v", s)
	}
	for _, ns := range []int64{0, 999, 1000, 1999, 5_000_000_000, 5_000_000_999, 3_000_000_000} {
		d.add(ns)
	}
	other.add(1_500)
	other.add(9_000_000_000)
	d.merge(&other)
	expected := []pair{{0, 2}, {1, 3}, {3_000_000, 1}, {5_000_000, 2}, {9_000_000, 1}}
	if got := d.pairs(); !reflect.DeepEqual(got, expected) {
		t.Errorf("%v", got)
	}
	s := d.spread()
	if s.Count != 9 || *s.MinNs != 0 || *s.MaxNs != 9_000_000_000 || s.SumNs != 0+999+1000+1999+5_000_000_000+5_000_000_999+3_000_000_000+1500+9_000_000_000 {
		t.Errorf("%+v", s)
	}
}

func TestMergeKeepsTheSmallest(t *testing.T) {
	d, other := newDistribution(), newDistribution()
	d.add(5000)
	other.add(2000)
	d.merge(&other)
	if d.min != 2000 || d.max != 5000 || d.count != 2 {
		t.Errorf("%d to %d", d.min, d.max)
	}
}

func TestPercentile(t *testing.T) {
	pairs := []pair{{10, 1}, {20, 8}, {30, 1}}
	for share, expected := range map[float64]int64{0: 10, 0.1: 10, 0.11: 20, 0.5: 20, 0.9: 20, 0.91: 30, 1: 30} {
		if us, ok := percentile(pairs, share); us != expected || !ok {
			t.Errorf("%v: %d", share, us)
		}
	}
	if _, ok := percentile(nil, 0.5); ok {
		t.Error("a percentile of nothing")
	}
}

func TestScheduleIsTheOneAskedFor(t *testing.T) {
	even := schedule(1000, int64(2*time.Second), false, 1)
	if len(even) != 2000 || even[0] != 0 || even[1999] != 1_999_000_000 {
		t.Errorf("%d: %d to %d", len(even), even[0], even[len(even)-1])
	}
	one, same, two := schedule(1000, 1e10, true, 1), schedule(1000, 1e10, true, 1), schedule(1000, 1e10, true, 2)
	if !reflect.DeepEqual(one, same) || reflect.DeepEqual(one, two) {
		t.Error("a seed gives one schedule, another seed another")
	}
	if n := float64(len(one)); math.Abs(n-10_000) > 400 {
		t.Errorf("%v arrivals: 10 000 are expected, with a deviation of 100", n)
	}
	if none := schedule(0.1, 1e9, true, 3); len(none) > 1 {
		t.Errorf("%v", none)
	}
}

func TestAndersonDarling(t *testing.T) {
	// By hand, of n = 1: A² = -1 - ln z - ln(1-z), smallest where z = 1/2.
	if got := andersonDarling([]float64{math.Ln2 * 1000}, 1000); math.Abs(got-(2*math.Ln2-1)) > 1e-12 {
		t.Errorf("%v", got)
	}
	// Of n = 2, z = 1/4 and 3/4: -2 - ½ [(ln ¼ + ln ¼) + 3 (ln ¾ + ln ¾)].
	expected := -2 - (2*math.Log(0.25)+6*math.Log(0.75))/2
	if got := andersonDarling([]float64{-math.Log(0.25) * 7, -math.Log(0.75) * 7}, 7); math.Abs(got-expected) > 1e-12 {
		t.Errorf("%v, expected %v", got, expected)
	}
	random := rand.New(rand.NewPCG(1, 2))
	exceeded := 0
	for range 1000 {
		gaps := make([]float64, 50)
		for i := range gaps {
			gaps[i] = random.ExpFloat64() * 1e6
		}
		if andersonDarling(gaps, 1e6) > 2.492 {
			exceeded++
		}
	}
	if exceeded < 25 || exceeded > 80 { // 50 are expected, with a deviation of 7
		t.Errorf("%d of 1000 exponential samples are above the critical value of 5 %%", exceeded)
	}
	for i := range 50 {
		if gaps := []float64{1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 0, float64(i)}; andersonDarling(gaps, 1e6) < 2.492 {
			t.Error("even gaps pass for exponential ones")
		}
	}
}

func TestGaps(t *testing.T) {
	if g := describe([]int64{5}, 1, 1); g.Count != 0 || g.MeanNs != nil || g.CV != nil || g.AndersonDarling != nil {
		t.Errorf("%+v", g)
	}
	if g := describe([]int64{5, 5, 5}, 0, 1); *g.MeanNs != 0 || g.CV != nil {
		t.Errorf("%+v", g)
	}
	if g := describe([]int64{30, 10, 20, 40}, 10, 1); g.Count != 3 || *g.MeanNs != 10 || *g.CV != 0 || g.AndersonDarling != nil {
		t.Errorf("%+v", g)
	}
	for _, seed := range []uint64{1, 2, 3} {
		times := schedule(10_000, 5e9, true, seed)
		g := describe(times, 1e5, seed)
		if *g.AndersonDarling > 6 || math.Abs(*g.CV-1) > 0.03 { // A² above 6 has a probability of 0.1 %
			t.Errorf("seed %d: %+v", seed, g)
		}
		if g := describe(times, 1.2e5, seed); *g.AndersonDarling < 3.857 {
			t.Errorf("seed %d: another rate passes: A² %v", seed, *g.AndersonDarling)
		}
	}
}

func TestStretchesAtTheEdges(t *testing.T) {
	e := edges{start: 1000, end: 2000}
	for _, c := range []struct{ from, to, count, before, after int64 }{
		{100, 900, 0, 0, 0},
		{100, 1000, 0, 0, 0},
		{100, 1300, 0, 300, 0},
		{100, 2500, 0, 1000, 0},
		{1000, 1500, 1, 0, 0},
		{1500, 2000, 1, 0, 0},
		{1500, 2300, 1, 0, 300},
		{2000, 2300, 0, 0, 0},
		{1500, 1400, 1, 0, 0}, // a clock that was stepped
	} {
		s := stretches{distribution: newDistribution()}
		if sample := s.stretch(e, c.from, c.to); sample != (c.count == 1) || s.count != c.count || s.before != c.before || s.after != c.after {
			t.Errorf("%+v: %d samples, before %d, after %d", c, s.count, s.before, s.after)
		}
		inside := s.sum + s.before - s.after
		if within := e.within(c.from, c.to); within != inside {
			t.Errorf("%+v: %d within, %d summed", c, within, inside)
		}
	}
}

func TestBalance(t *testing.T) {
	b := balance{SlotNs: 1000, LatencyNs: 700, OwnDelayNs: 300, BeforeLatency: 20, AfterLatency: 50, BeforeDelay: 7, AfterDelay: 2, StartNs: 5}
	if b.close(); *b.Ratio != 0.98 {
		t.Errorf("%v", *b.Ratio)
	}
	if b = (balance{}); b.Ratio != nil {
		t.Error("a ratio of nothing")
	}
	b.close()
	if b.Ratio != nil {
		t.Error("a ratio of no time")
	}
}

func TestTokens(t *testing.T) {
	a, b := firstToken(0), firstToken(1)
	if string(a[:]) != "100000000000" || string(b[:]) != "110000000000" {
		t.Errorf("%s, %s", a, b)
	}
	text := [tokenDigits]byte([]byte("100000000998"))
	for _, expected := range []string{"100000000999", "100000001000", "100000001001"} {
		if increment(&text); string(text[:]) != expected {
			t.Errorf("%s, expected %s", text, expected)
		}
	}
}

func TestMistakenTokens(t *testing.T) {
	tokens := []token{{text: firstToken(0)}, {text: firstToken(1)}, {text: firstToken(2), seen: true}}
	for _, c := range []struct {
		text string
		kind kind
	}{
		{"110000000000", order}, {"110000000000", repeated}, {"120000000000", repeated}, {"130000000000", body}, {"13", length},
	} {
		if got, _ := mistaken([]byte(c.text), tokens); got != c.kind {
			t.Errorf("%s: %s, expected %s", c.text, kindNames[got], kindNames[c.kind])
		}
	}
}

func TestRecognizesOnlyWhatIsEqual(t *testing.T) {
	j := judge{expect: []byte(hello), compares: true}
	raw := []byte(plain(hello))
	if j.recognize(raw, nil) != 0 {
		t.Error("recognized before any was right")
	}
	r, _, _ := j.parse(raw)
	if wrong, _ := j.verdict(r, raw, nil, nil); wrong != right {
		t.Error(kindNames[wrong])
	}
	for i := range raw {
		other := append([]byte{}, raw...)
		other[i] ^= 1
		if j.recognize(other, nil) != 0 {
			t.Errorf("recognized with byte %d changed", i)
		}
		if i > 0 && j.recognize(raw[:i], nil) != 0 {
			t.Errorf("recognized with %d bytes", i)
		}
	}
	if n := j.recognize(append(raw, 'x'), nil); n != len(raw) {
		t.Errorf("%d", n)
	}
	// What says that it closes the connection is looked at each time.
	closing := []byte("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\nHello world!")
	r, _, _ = j.parse(closing)
	if wrong, _ := j.verdict(r, closing, nil, nil); wrong != right || j.recognize(closing, nil) != 0 {
		t.Error("a closing response became the one to recognize")
	}
}

// Many equal responses are recognized at once, and no more than were asked for.
func TestRecognizesRuns(t *testing.T) {
	j := judge{run: make([]byte, 0, 500)}
	raw := []byte(plain(hello))
	many := bytes.Repeat(raw, 20)
	fits := 500 / len(raw)
	r, _, _ := j.parse(raw)
	_, _ = j.verdict(r, raw, nil, nil)
	if j.recognizeRun(many, 20) != 0 || j.recognize(raw, nil) == 0 {
		t.Error("a run of what was right once")
	}
	for most, expected := range map[int]int{1: 0, 2: 2, 3: 3, 20: fits} {
		if k := j.recognizeRun(many, most); k != expected {
			t.Errorf("%d of at most %d", k, most)
		}
	}
	if k := j.recognizeRun(many[:3*len(raw)-1], 20); k != 2 {
		t.Errorf("%d of two and a bit", k)
	}
	for i := range 3 * len(raw) {
		other := bytes.Clone(many)
		other[i] ^= 1
		if j.recognizeRun(other, 3) != 0 {
			t.Errorf("recognized with byte %d changed", i)
		}
	}
	other := []byte(plain("another body"))
	r, _, _ = j.parse(other)
	_, _ = j.verdict(r, other, nil, nil)
	if j.recognizeRun(many, 20) != 0 || j.recognize(raw, nil) != 0 {
		t.Error("recognized what is not the last")
	}
}

// With tokens the head is recognized, and the body compared with what was asked for.
func TestRecognizesTokens(t *testing.T) {
	j := judge{tokens: true}
	first, second := token{text: firstToken(0)}, token{text: firstToken(1)}
	raw := []byte(plain(string(first.text[:])))
	r, _, _ := j.parse(raw)
	if wrong, _ := j.verdict(r, raw, &first, nil); wrong != right || !first.seen {
		t.Error(kindNames[wrong])
	}
	if n := j.recognize([]byte(plain(string(second.text[:]))), &second); n != len(raw) || !second.seen {
		t.Errorf("%d", n)
	}
	if n := j.recognize(raw, &second); n != 0 {
		t.Error("the token of another request is recognized")
	}
	if n := j.recognize(raw[:len(raw)-1], &first); n != 0 {
		t.Error("a token that lacks a digit is recognized")
	}
	if wrong, _ := j.verdict(r, raw, &second, []token{first, second}); wrong != repeated {
		t.Error(kindNames[wrong])
	}
}

func TestVerdicts(t *testing.T) {
	j := judge{compares: true, expect: []byte(hello)}
	for text, expected := range map[string]kind{
		plain(hello): right, plain("Hello"): length, plain("Hello World!"): body, "HTTP/1.1 204 No Content\r\n\r\n": status,
	} {
		r, _, err := j.parse([]byte(text))
		if wrong, detail := j.verdict(r, []byte(text), nil, nil); wrong != expected || err != nil || (detail == "") != (wrong == right) {
			t.Errorf("%q: %s %s", text, kindNames[wrong], detail)
		}
	}
}

func TestShort(t *testing.T) {
	for ns, expected := range map[int64]string{
		1000: "1 µs", 999_000: "999 µs", 1_500_000: "1.50 ms", 250_000_000: "250 ms", 2_500_000_000: "2.50 s",
	} {
		if got := short(ns); got != expected {
			t.Errorf("%d: %s", ns, got)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := quote([]byte("a\"\x00\r\né")); got != `a\"\x00\r\n\u00e9` {
		t.Error(got)
	}
}
