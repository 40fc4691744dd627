// upstream, the service that servers of scenario upstream wait for. GET /?delay=500ms answers "ok" after that delay;
// GET /stats says how many requests it holds, how many it held at most at once, and how many it has answered.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// stats are the counts since the start. A request is held from its arrival until its answer is handed to net/http,
// or its client has gone.
type stats struct {
	HeldNow int `json:"held_now"`
	HeldMax int `json:"held_max"`
	Served  int `json:"served"`
}

type upstream struct {
	mutex  sync.Mutex
	counts stats
}

func (u *upstream) begin() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.counts.HeldNow++
	u.counts.HeldMax = max(u.counts.HeldMax, u.counts.HeldNow)
}

func (u *upstream) end(served bool) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.counts.HeldNow--
	if served {
		u.counts.Served++
	}
}

func (u *upstream) answer(w http.ResponseWriter, r *http.Request) {
	delay, err := time.ParseDuration(cmp.Or(r.URL.Query().Get("delay"), "0s"))
	if err != nil || delay < 0 {
		http.Error(w, "delay must be a duration from 0s, such as 500ms", http.StatusBadRequest)
		return
	}
	u.begin()
	served := false
	defer func() { u.end(served) }()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done(): // the client has gone
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain")
	_, err = io.WriteString(w, "ok")
	served = err == nil
}

func (u *upstream) tell(w http.ResponseWriter, _ *http.Request) {
	u.mutex.Lock()
	counts := u.counts
	u.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(counts)
}

func main() {
	service := &upstream{}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", service.answer)
	routes.HandleFunc("GET /stats", service.tell)
	address := cmp.Or(os.Getenv("HOST"), "127.0.0.1") + ":" + cmp.Or(os.Getenv("PORT"), "9000")
	server := &http.Server{Addr: address, Handler: routes}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		_ = server.Close() // whoever still waits has waited for a trial that is over
	}()

	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
