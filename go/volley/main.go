// volley loads an HTTP/1.1 server with pipelined requests and tells its own time from the server's. docs/volley.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const help = `volley: load an HTTP/1.1 server with pipelined GETs; its own time told from the server's.

  volley [options] URL

how      --mode closed|window|open  closed: write a batch of depth, read it all, repeat (default)
                                    window: keep depth in flight     open: at a rate, whatever is answered
         --connections N   in all (50)           --depth N      requests in flight a connection (1)
         --duration D      measured (2s)         --warm-up D    the same before, not measured (0s)
         --threads N       one core each (1)     --grace D      wait for answers afterwards, at most (2s)
open     --rate R          requests/s in all     --burst B      requests at a time, at most depth (1)
         --arrivals poisson|even (poisson)       --seed N       of the arrivals (1)
check    --expect BODY     compare every body    --tokens       ask for URL/sleep/0/{n}; n must come back
request  --header 'Name: value'   repeatable
result   --record FILE     as JSON; - is stdout  --no-stamps    without the kernel's receive stamps
reading  --read-size N     bytes at once (65536) --write-late   write after every ready connection was read
         --spin            never sleep: nobody pays for waking it

Every response is checked for its status (200), its framing and its length. Ctrl-C ends early, with what was measured.
Exit code: 0 measured, 2 bad input, 3 the record could not be written.

  volley http://127.0.0.1:8080                                      50 connections, one request each, 2 s
  volley --depth 16 --expect 'Hello world!' http://127.0.0.1:8080   batches of 16, every body compared
  volley --depth 16 --tokens http://127.0.0.1:8080                  no answer lost, repeated or swapped?
  volley --rate 20000 --duration 10s http://127.0.0.1:8080          latency at 20 000 requests/s
  volley --depth 8 --record load.json http://127.0.0.1:8080         docs/volley.md explains the record
`

const (
	badInput     = 2
	cannotRecord = 3
)

func main() {
	os.Exit(command(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// command runs volley with arguments, and returns its exit code.
func command(ctx context.Context, arguments []string, stdout, stderr *os.File) int {
	p, err := parseOptions(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return complain(stderr, write(stdout, help), cannotRecord)
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return complain(stderr, err, badInput)
	}
	var file *os.File
	switch p.record {
	case "":
	case "-":
		file = stdout
	default:
		if file, err = openRecordFile(p.record); err != nil {
			return complain(stderr, err, badInput)
		}
	}
	found, err := carryOut(ctx, p)
	if err != nil {
		return complain(stderr, err, badInput)
	}
	made := found.record(arguments)
	if file != nil {
		err = made.write(file)
	}
	if err == nil && p.record != "-" {
		err = made.summarize(stdout)
	}
	if err != nil {
		return complain(stderr, err, cannotRecord)
	}
	if found.useless {
		return complain(stderr, refuse("%s closes every connection before it answers: is it an HTTP server?",
			found.target.address), badInput)
	}
	return 0
}

// complain writes one line where there is something to complain about, and returns the exit code.
func complain(stderr io.Writer, err error, code int) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "volley: %v\n", err)
	return code
}

func write(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}

// cause is what the kernel said of a file, without its name.
func cause(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// parseOptions reads the command line. Options may stand before and after the URL.
func parseOptions(arguments []string) (*plan, error) {
	p := &plan{}
	set := flag.NewFlagSet("volley", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	way := set.String("mode", "", "")
	set.IntVar(&p.connections, "connections", 50, "")
	set.IntVar(&p.depth, "depth", 1, "")
	set.DurationVar(&p.duration, "duration", 2*time.Second, "")
	set.DurationVar(&p.warmUp, "warm-up", 0, "")
	set.DurationVar(&p.grace, "grace", 2*time.Second, "")
	set.IntVar(&p.threads, "threads", 1, "")
	set.Float64Var(&p.rate, "rate", 0, "")
	set.IntVar(&p.burst, "burst", 1, "")
	arrivals := set.String("arrivals", "poisson", "")
	set.Uint64Var(&p.seed, "seed", 1, "")
	set.Func("expect", "", func(text string) error { p.expect = &text; return nil })
	set.BoolVar(&p.tokens, "tokens", false, "")
	set.Func("header", "", func(text string) error { p.headers = append(p.headers, text); return nil })
	noStamps := set.Bool("no-stamps", false, "")
	set.IntVar(&p.readSize, "read-size", 64<<10, "")
	set.BoolVar(&p.writeLate, "write-late", false, "")
	set.BoolVar(&p.spin, "spin", false, "")
	set.StringVar(&p.record, "record", "", "")

	var urls []string
	for rest := arguments; ; {
		if err := set.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, refuse("%v: see volley --help", err)
		}
		if set.NArg() == 0 {
			break
		}
		urls, rest = append(urls, set.Arg(0)), set.Args()[1:]
	}
	if len(urls) != 1 {
		return nil, refuse("%d URLs: one is wanted, see volley --help", len(urls))
	}
	p.url, p.stamps, p.mode = urls[0], !*noStamps, mode(*way)
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if *way == "" {
		p.mode = closed
		if given["rate"] {
			p.mode = open
		}
	}
	switch *arrivals {
	case "poisson":
		p.poisson = true
	case "even":
	default:
		return nil, refuse("--arrivals is %q: poisson or even", *arrivals)
	}
	if p.mode == open && !given["rate"] {
		return nil, refuse("--mode open wants a rate: --rate R, requests a second")
	}
	for _, name := range []string{"rate", "burst", "arrivals", "seed"} {
		if given[name] && p.mode != open {
			return nil, refuse("--%s is of --mode open, and this is --mode %s", name, p.mode)
		}
	}
	return p, nil
}
