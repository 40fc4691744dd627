package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// invoke runs the command, and returns its exit code and what it wrote.
func invoke(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var files [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		file, err := os.Create(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files[i] = file
	}
	code = command(context.Background(), arguments, files[0], files[1])
	var texts [2]string
	for i, file := range files {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return code, texts[0], texts[1]
}

// Bad input: one line, exit code 2, and no connection.
func TestBadInput(t *testing.T) {
	var accepted atomic.Int64
	url := "http://" + listen(t, func(net.Conn) { accepted.Add(1) })
	for options, expected := range map[string]string{
		"":                                    "0 URLs",
		"URL URL":                             "2 URLs",
		"URL --no-such":                       "-no-such",
		"URL --depth x":                       `"x"`,
		"URL --depth 0":                       "--depth is 0",
		"URL --depth -1":                      "--depth is -1",
		"URL --connections 0":                 "--connections is 0",
		"URL --connections 100000000":         "ulimit -n",
		"URL --threads 0":                     "--threads is 0",
		"URL --threads 51":                    "each thread needs a connection",
		"URL --duration 0s":                   "--duration is 0s",
		"URL --duration 2":                    "duration",
		"URL --warm-up -1s":                   "--warm-up",
		"URL --grace -1s":                     "--grace",
		"URL --read-size 0":                   "--read-size",
		"URL --mode fast":                     `--mode is "fast"`,
		"URL --mode open":                     "wants a rate",
		"URL --mode closed --rate 5":          "--rate is of --mode open",
		"URL --burst 2":                       "--burst is of --mode open",
		"URL --rate 0":                        "--rate is 0",
		"URL --rate -5":                       "--rate is -5",
		"URL --rate NaN":                      "--rate is NaN",
		"URL --rate Inf":                      "--rate is +Inf",
		"URL --rate 1e9":                      "no number of connections carries",
		"URL --rate 4e5 --duration 1h":        "arrivals",
		"URL --rate 10 --burst 2":             "--burst is 2 with --depth 1",
		"URL --rate 10 --burst 0":             "--burst is 0",
		"URL --rate 10 --arrivals random":     "poisson or even",
		"URL --tokens --expect x":             "leave out --expect",
		"URL --header novalue":                "--header",
		"URL --header Content-Length:1":       "requests have no body",
		"https://127.0.0.1":                   "http://host",
		"127.0.0.1:80":                        "http://host",
		"http://user@127.0.0.1":               "http://host",
		"http://":                             "http://host",
		"http://127.0.0.1:99999":              "99999",
		"URL --record /no/such/folder/record": "no such file or directory",
		"URL --record /proc":                  "--record /proc cannot be written: is a directory",
		"http://127.0.0.1:1 --connections 1":  "refused: is a server listening there?",
	} {
		code, stdout, stderr := invoke(t, strings.Fields(strings.ReplaceAll(options, "URL", url))...)
		if code != badInput || stdout != "" || !strings.HasPrefix(stderr, "volley: ") || !strings.Contains(stderr, expected) ||
			strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit %d, %q, %q: expected %q", options, code, stdout, stderr, expected)
		}
	}
	if n := accepted.Load(); n > 0 {
		t.Errorf("%d connections were made", n)
	}
}

// A server that closes at once: one line, exit code 2; the record is written nevertheless, and the load does not go on.
func TestClosesAtOnce(t *testing.T) {
	address := listen(t, func(net.Conn) {})
	path := filepath.Join(t.TempDir(), "record")
	before := time.Now()
	code, _, stderr := invoke(t, "--duration", "1m", "--connections", "3", "--record", path, "http://"+address)
	if code != badInput || !strings.Contains(stderr, "closes every connection before it answers") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if time.Since(before) > 30*time.Second {
		t.Error("it went on")
	}
	if r := readRecord(t, path); r.Requests != 0 || *r.FirstLoss == "" {
		t.Errorf("%+v", r)
	}
}

func readRecord(t *testing.T, path string) *record {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestHelpFitsAScreen(t *testing.T) {
	code, stdout, stderr := invoke(t, "--help")
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, %q", code, stderr)
	}
	lines := strings.Split(stdout, "\n")
	if len(lines) > 32 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if len([]rune(line)) > 120 {
			t.Errorf("%d characters: %s", len(line), line)
		}
	}
	for _, name := range []string{"mode", "connections", "depth", "duration", "warm-up", "grace", "threads", "rate", "burst",
		"arrivals", "seed", "expect", "tokens", "header", "no-stamps", "read-size", "write-late", "spin", "record"} {
		if !strings.Contains(stdout, "--"+name+" ") {
			t.Errorf("--%s is not explained", name)
		}
	}
}

func TestRecordAndSummary(t *testing.T) {
	address := serve(t, always(plain(hello)))
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, []byte(strings.Repeat("old", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := invoke(t, "--duration", "100ms", "--depth", "4", "--record", path, "http://"+address+"/a?b=c")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	for _, part := range []string{"closed, 50 connections, depth 4", "p99.9", "own delay", "Little's law", "none wrong", "segments in"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("no %q in %s", part, stdout)
		}
	}
	r := readRecord(t, path)
	if r.Requests == 0 || r.Stamps.Source != "kernel" || r.Stamps.Missing != 0 || r.Wire.Responses != r.Checked ||
		r.Wire.Batches*4 != r.Checked || *r.CPUNs <= 0 || len(r.Argv) != 7 {
		t.Errorf("%+v", r)
	}

	code, stdout, _ = invoke(t, "--duration", "100ms", "--rate", "1000", "--record", "-", "http://"+address)
	var onStdout record
	if err := json.Unmarshal([]byte(stdout), &onStdout); code != 0 || err != nil || onStdout.Mode != open {
		t.Errorf("exit %d, %v, %+v", code, err, onStdout)
	}
}

func TestSummaryOfWhatWentWrong(t *testing.T) {
	address := serve(t, func(e *exchange) error {
		if e.number > 300 {
			return nil
		}
		if e.number%100 == 99 {
			return errDone
		}
		e.answer(plain("Hullo world!"))
		return nil
	})
	code, stdout, _ := invoke(t, "--duration", "300ms", "--grace", "10ms", "--no-stamps", "--rate", "2000", "--expect", hello, "http://"+address)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	for _, part := range []string{"WRONG", "body, of", "UNANSWERED", "LOST", "no stamps", "lag", "offered"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("no %q in %s", part, stdout)
		}
	}
}

// Ctrl-C: what was measured until then, marked.
func TestInterrupted(t *testing.T) {
	for _, options := range []string{"", "--rate 1000", "--threads 2"} {
		var once sync.Once
		address := serve(t, func(e *exchange) error {
			once.Do(func() {
				time.AfterFunc(250*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) })
			})
			e.answer(plain(hello))
			return nil
		})
		r := load(t, address, "--connections 4 --duration 30s "+options)
		if !r.Interrupted || r.DurationUs > 25_000_000 || r.Requests == 0 || len(r.Intervals) > 250 {
			t.Errorf("%s: interrupted %v, %d µs, %d requests", options, r.Interrupted, r.DurationUs, r.Requests)
		}
	}
}

// Ctrl-C before the window: nothing was measured, and there is a record that says so.
func TestInterruptedWarmUp(t *testing.T) {
	var once sync.Once
	address := serve(t, func(e *exchange) error {
		once.Do(func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
		e.answer(plain(hello))
		return nil
	})
	code, stdout, stderr := invoke(t, "--warm-up", "30s", "--connections", "2", "http://"+address)
	if code != 0 || !strings.Contains(stdout, "interrupted before the window") || stderr != "" {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestWithoutStamps(t *testing.T) {
	r := load(t, serve(t, always(plain(hello))), "--duration 100ms --no-stamps")
	if r.Stamps.Source != "none" || r.OwnDelay != nil || r.Little.Ratio != nil || r.Stamps.Missing != r.Stamps.Reads ||
		r.Latency.Count == 0 {
		t.Errorf("%+v", r.Stamps)
	}
}

func TestThreads(t *testing.T) {
	address := serve(t, always(plain(hello)))
	for _, mode := range []string{"--mode closed", "--mode window", "--tokens", "--rate 3000 --burst 2"} {
		if mode == "--tokens" {
			address = serve(t, func(e *exchange) error { e.answer(plain(e.token())); return nil })
		}
		r := load(t, address, "--threads 2 --connections 5 --depth 4 --warm-up 50ms --duration 300ms "+mode)
		if r.FirstFault != nil || r.Checked == 0 || r.SilentConnections > 0 || r.Wire.Connections != 5 || r.Wire.Responses != r.Checked {
			t.Errorf("%s: %+v, checked %d, silent %d, wire %+v", mode, r.FirstFault, r.Checked, r.SilentConnections, r.Wire)
		}
	}
}

// Responses in pieces, large ones, chunked ones, and requests that the server is slow to read.
func TestPieces(t *testing.T) {
	large := strings.Repeat("large ", 4_000)
	for name, script := range map[string]func(e *exchange) error{
		"byte by byte": func(e *exchange) error {
			for i := range len(plain(hello)) {
				e.answer(plain(hello)[i : i+1])
			}
			return nil
		},
		"large":   always(plain(large)),
		"chunked": always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n7\r\n world!\r\n0\r\n\r\n"),
		"dated": func(e *exchange) error {
			e.answer("HTTP/1.1 200 OK\r\nDate: " + time.Now().Format(time.RFC3339Nano) + "\r\nContent-Length: 12\r\n\r\nHello world!")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			expect := "Hello_world!"
			if name == "large" {
				expect = strings.ReplaceAll(large, " ", "_")
			}
			for _, size := range []string{"", " --read-size 7", " --write-late", " --spin"} {
				r := load(t, serve(t, script), "--connections 3 --depth 5 --duration 100ms --expect "+expect+size)
				if r.FirstFault != nil || r.Checked == 0 || r.Batches.Unanswered > 0 {
					t.Errorf("%s: %+v, checked %d, %+v", size, r.FirstFault, r.Checked, r.Batches)
				}
			}
		})
	}
}

// More requests in a batch than sockets hold: written as they are taken, and answered one by one.
func TestManyBytesToWrite(t *testing.T) {
	address := serve(t, func(e *exchange) error { e.answer(plain(e.token())); return nil })
	header := " --header X:" + strings.Repeat("x", 8000) // 32 MB in flight
	for _, mode := range []string{"--mode closed", "--mode window", "--rate 20000 --burst 4000"} {
		r := load(t, address, "--connections 1 --depth 4000 --tokens --duration 200ms --grace 20s "+mode+header)
		if r.FirstFault != nil || r.Checked < 4000 || r.Batches.Unanswered > 0 {
			t.Errorf("%s: %+v, %d checked, %+v", mode, r.FirstFault, r.Checked, r.Batches)
		}
	}
}

// While it measures, volley allocates nothing: the server of this test does not either.
func TestAllocatesNothing(t *testing.T) {
	one := plain(hello)
	answer := []byte(strings.Repeat(one, 4))
	var served atomic.Int64
	address := listen(t, func(c net.Conn) {
		buffer := make([]byte, 4096)
		for {
			n, err := c.Read(buffer)
			if err != nil {
				return
			}
			k := bytes.Count(buffer[:n], headEnd)
			served.Add(int64(k))
			if _, err := c.Write(answer[:k*len(one)]); err != nil {
				return
			}
		}
	})
	for _, mode := range []string{"--mode closed", "--mode window", "--rate 20000"} {
		p, err := parseOptions(strings.Fields("--connections 3 --depth 4 --duration 500ms " + mode + " http://" + address))
		if err != nil {
			t.Fatal(err)
		}
		to, err := p.aim(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		loops, err := prepare(p, &to)
		if err != nil {
			t.Fatal(err)
		}
		before := runtime.GOMAXPROCS(3)
		var stop atomic.Int32
		var at [2]runtime.MemStats
		loops[0].begin(now(), &stop)
		runtime.ReadMemStats(&at[0])
		done := make(chan struct{})
		go func() { runtime.LockOSThread(); loops[0].run(); close(done) }()
		<-done
		runtime.ReadMemStats(&at[1])
		loops[0].finish()
		runtime.GOMAXPROCS(before)
		checked, mallocs := loops[0].checked, at[1].Mallocs-at[0].Mallocs
		if checked < 2000 || mallocs > 200 { // some are of starting a goroutine and of the test's server
			t.Errorf("%s: %d allocations in %d responses", mode, mallocs, checked)
		}
	}
}
