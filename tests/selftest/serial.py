"""A server that takes the same time for each request, and works on one after the other.

``SERVICE_US`` is that time in microseconds. ``LANES`` is ``one``: all connections share one queue; or ``each``: every
connection has a queue of its own. It looks for work all the time and never sleeps, so that neither a wake-up nor a
timer is part of the service: give it a CPU of its own. `pipebench selftest --instrument` holds a generator against it.
"""

import heapq
import os
import select
import socket
import time

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


class Lane:
    """A queue: when the last request in it will be done, in nanoseconds."""

    free_at = 0


class Connection:
    def __init__(self, peer: socket.socket, lane: Lane) -> None:
        self.socket = peer
        self.lane = lane
        self.held = b""


class Server:
    def __init__(self, listener: socket.socket, service_ns: int, *, each: bool) -> None:
        self.listener = listener
        self.service_ns = service_ns
        self.each = each
        self.shared = Lane()
        self.connections: dict[int, Connection] = {}
        self.due: list[tuple[int, int, Connection]] = []
        self.number = 0
        self.poll = select.epoll()
        self.poll.register(listener, select.EPOLLIN)

    def serve(self) -> None:
        while True:
            for descriptor, _ in self.poll.poll(0):
                if descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.read(self.connections[descriptor])
            now = time.monotonic_ns()
            while self.due and self.due[0][0] <= now:
                self.answer(heapq.heappop(self.due)[2])

    def accept(self) -> None:
        peer, _ = self.listener.accept()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections[peer.fileno()] = Connection(peer, Lane() if self.each else self.shared)
        self.poll.register(peer, select.EPOLLIN)

    def read(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.poll.unregister(connection.socket)
            del self.connections[connection.socket.fileno()]
            connection.socket.close()
            return
        *requests, connection.held = (connection.held + data).split(END)
        now, lane = time.monotonic_ns(), connection.lane
        for _ in requests:
            lane.free_at = max(now, lane.free_at) + self.service_ns
            self.number += 1
            heapq.heappush(self.due, (lane.free_at, self.number, connection))

    def answer(self, connection: Connection) -> None:
        try:
            connection.socket.send(RESPONSE)
        except OSError:
            return  # it has gone: the next read says so


def main() -> None:
    with socket.create_server((os.environ["HOST"], int(os.environ["PORT"])), backlog=1024) as listener:
        listener.setblocking(False)
        Server(listener, int(float(os.environ["SERVICE_US"]) * 1000), each=os.environ["LANES"] == "each").serve()


if __name__ == "__main__":
    main()
