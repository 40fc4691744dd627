// fasthttp as the seed of this suite had it: each hello waits for a goroutine of its own.
package main

import (
	"cmp"
	"context"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// somebody is what hello waits for: a goroutine does the work and reports through a channel.
func somebody() <-chan struct{} {
	done := make(chan struct{})
	go func() { close(done) }()
	return done
}

func hello(ctx *fasthttp.RequestCtx) {
	<-somebody()
	ctx.SetContentType("text/plain")
	ctx.SetBodyString("Hello world!")
}

// sleep serves what is left of its path: {ms}/{token}.
func sleep(ctx *fasthttp.RequestCtx, rest string) {
	ms, token, _ := strings.Cut(rest, "/")
	delay, err := strconv.ParseUint(ms, 10, 31)
	if err != nil || token == "" || strings.Contains(token, "/") {
		notFound(ctx)
		return
	}
	time.Sleep(time.Duration(delay) * time.Millisecond)
	ctx.SetContentType("text/plain")
	ctx.SetBodyString(token)
}

func echo(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain")
	ctx.SetBody(ctx.PostBody())
}

func notFound(ctx *fasthttp.RequestCtx) {
	ctx.Error("Not Found", fasthttp.StatusNotFound)
}

// fasthttp has no router of its own; its documentation routes with a switch on the path.
func route(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	get := ctx.IsGet() || ctx.IsHead()
	switch {
	case get && path == "/":
		hello(ctx)
	case get && strings.HasPrefix(path, "/sleep/"):
		sleep(ctx, strings.TrimPrefix(path, "/sleep/"))
	case ctx.IsPost() && path == "/echo":
		echo(ctx)
	default:
		notFound(ctx)
	}
}

func main() {
	workers, err := strconv.Atoi(cmp.Or(os.Getenv("WORKERS"), "1"))
	if err != nil || workers < 1 {
		log.Fatalf("WORKERS must be a whole number from 1, not %q", os.Getenv("WORKERS"))
	}
	runtime.GOMAXPROCS(workers) // the counterpart of that many Python processes

	// The default headers (Server, Date) are kept: they are what a fasthttp server sends.
	server := &fasthttp.Server{Handler: route}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop
		// Shutdown waits for keep-alive connections; those still open after this end with the process.
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_ = server.ShutdownWithContext(ctx)
	}()

	address := cmp.Or(os.Getenv("HOST"), "127.0.0.1") + ":" + cmp.Or(os.Getenv("PORT"), "8080")
	if err := server.ListenAndServe(address); err != nil {
		log.Fatal(err)
	}
	<-stopped
}
