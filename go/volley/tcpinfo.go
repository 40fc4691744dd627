package main

import "golang.org/x/sys/unix"

// wire is what TCP says of connections at their end, over their whole lives: sums.
type wire struct {
	Connections   int64 `json:"connections"`
	DataSegsIn    int64 `json:"data_segs_in"`
	BytesReceived int64 `json:"bytes_received"`
	SegsIn        int64 `json:"segs_in"`
	SegsOut       int64 `json:"segs_out"`
	DataSegsOut   int64 `json:"data_segs_out"`
	BytesAcked    int64 `json:"bytes_acked"`
	Retransmits   int64 `json:"retransmits"`
	Responses     int64 `json:"responses"` // answered on these connections, to divide by
	Batches       int64 `json:"batches"`
}

// ask adds what the kernel knows of a connection, and what was answered on it. It says false where the kernel says
// nothing.
func (w *wire) ask(fd int32, responses, batches int64) bool {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return false
	}
	w.add(wire{
		Connections:   1,
		DataSegsIn:    int64(info.Data_segs_in),
		BytesReceived: int64(info.Bytes_received),
		SegsIn:        int64(info.Segs_in),
		SegsOut:       int64(info.Segs_out),
		DataSegsOut:   int64(info.Data_segs_out),
		BytesAcked:    int64(info.Bytes_acked),
		Retransmits:   int64(info.Total_retrans),
		Responses:     responses,
		Batches:       batches,
	})
	return true
}

func (w *wire) add(other wire) {
	w.Connections += other.Connections
	w.DataSegsIn += other.DataSegsIn
	w.BytesReceived += other.BytesReceived
	w.SegsIn += other.SegsIn
	w.SegsOut += other.SegsOut
	w.DataSegsOut += other.DataSegsOut
	w.BytesAcked += other.BytesAcked
	w.Retransmits += other.Retransmits
	w.Responses += other.Responses
	w.Batches += other.Batches
}
