// net/http, what Go's standard library offers: the three routes of the Python adapters.
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// somebody is what hello waits for, as in the Python adapters: in Go, a call.
func somebody() {}

func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, body)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	somebody()
	text(w, "Hello world!")
}

func sleep(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.ParseUint(r.PathValue("ms"), 10, 31)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	text(w, r.PathValue("token"))
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(body)
}

func main() {
	workers, err := strconv.Atoi(cmp.Or(os.Getenv("WORKERS"), "1"))
	if err != nil || workers < 1 {
		log.Fatalf("WORKERS must be a whole number from 1, not %q", os.Getenv("WORKERS"))
	}
	runtime.GOMAXPROCS(workers) // the counterpart of that many Python processes

	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", hello)
	routes.HandleFunc("GET /sleep/{ms}/{token}", sleep)
	routes.HandleFunc("POST /echo", echo)
	address := cmp.Or(os.Getenv("HOST"), "127.0.0.1") + ":" + cmp.Or(os.Getenv("PORT"), "8080")
	server := &http.Server{Addr: address, Handler: routes}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop
		// Shutdown waits for connections in use; those still open after this end with the process.
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_ = server.Shutdown(ctx)
	}()

	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}
