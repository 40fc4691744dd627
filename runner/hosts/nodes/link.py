"""The way between two machines: its round trip, what it carries, and what the interface at this end does by itself."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import threading
import time
from pathlib import Path
from statistics import median

from runner.hosts.host import HostLostError
from runner.record.run import Link
from runner.record.trial import Address

ROUND_TRIPS = 200
BULK_S = 1.0
"""How long the link is made to carry as much as it can, in seconds."""
TIMEOUT_S = 5.0
_PING, _BULK = b"p", b"b"
_CHUNK = bytes(1 << 18)
_SIOCETHTOOL = 0x8946
_SIOCGIFADDR = 0x8915
_OFFLOADS = {"rx-checksum": 0x14, "tx-checksum": 0x16, "tso": 0x1E, "gso": 0x23, "gro": 0x2B}
"""What an interface may do in place of the kernel, by ethtool's number of the question (linux/ethtool.h)."""


class Echo:
    """Answers each byte with one, and at the end with as much as the link takes."""

    def __init__(self, host: str) -> None:
        self._listening = socket.create_server((host, 0))
        self.address = Address(host, self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No longer listen."""
        self._listening.close()

    def _serve(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # closed before anybody came
            return
        with connection:
            connection.settimeout(TIMEOUT_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while asked := connection.recv(1):
                    if asked == _PING:
                        connection.sendall(_PING)
                    else:
                        while True:
                            connection.sendall(_CHUNK)
            except OSError:  # it has seen enough
                return


def measure(address: Address, *, own: str) -> Link:
    """The link to an :class:`Echo`; ``own`` is the address at this end.

    Raises :class:`HostLostError` where there is no way.
    """
    try:
        with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            took_us = [_round_trip_us(connection) for _ in range(ROUND_TRIPS)]
            carried = _carried(connection)
    except OSError as error:
        raise HostLostError(
            f"there is no way from {own} to {address}: {error.strerror or error}: is a firewall between the two?"
        ) from None
    name = _interface(own)
    return Link(
        round_trip_us=median(took_us),
        fastest_us=min(took_us),
        bytes_per_second=carried,
        interface=name,
        mtu=int(Path(f"/sys/class/net/{name}/mtu").read_text()) if name else None,
        offloads=_offloads(name) if name else None,
    )


def _round_trip_us(connection: socket.socket) -> float:
    before = time.perf_counter_ns()
    connection.sendall(_PING)
    if not connection.recv(1):
        raise ConnectionResetError("the other end closed the connection")
    return (time.perf_counter_ns() - before) / 1000


def _carried(connection: socket.socket) -> float:
    """Bytes a second from the other end."""
    connection.sendall(_BULK)
    began, received = time.perf_counter(), 0
    while (took_s := time.perf_counter() - began) < BULK_S:
        received += len(connection.recv(1 << 20))
    return received / took_s


def _interface(own: str) -> str | None:
    """The interface that has an address; ``None`` where none tells."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                said = fcntl.ioctl(asking, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has no IPv4 address
                continue
            if socket.inet_ntoa(said[20:24]) == own:
                return name
    return None


def _offloads(name: str) -> tuple[str, ...] | None:
    """Which of the offloads are on; ``None`` where the interface does not say."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for what, question in _OFFLOADS.items():
            value = array.array("B", struct.pack("II", question, 0))
            request = struct.pack("16sP", name.encode()[:15], value.buffer_info()[0])
            try:
                fcntl.ioctl(asking, _SIOCETHTOOL, request)
            except OSError:
                return None
            if struct.unpack("II", value.tobytes())[1]:
                found.append(what)
    return tuple(found)
