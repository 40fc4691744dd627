"""strace's lines as calls, and calls as what a batch has of them."""

from __future__ import annotations

import pytest

from runner.explaining import calls
from runner.explaining.calls import Call, Reader
from runner.record.beside.explained import Calls
from tests.explaining import seen

RECORDED = """\
24156 futex(0x7f21b4000b60, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>
24303 recvfrom(5<UNIX-STREAM:[5845712->5845711]>, ""..., 9, 0, NULL, NULL) = 1
24303 futex(0x7f21b4000b60, FUTEX_WAKE_PRIVATE, 1) = 1
24156 <... futex resumed>)              = -1 EAGAIN (Resource temporarily unavailable)
24156 <... socket resumed>)             = 5<TCP:[5845713]>
24303 <... exit resumed>)               = ?
24156 sendto(6<TCP:[127.0.0.1:55536->127.0.0.1:36361]>, ""..., 3, 0, NULL, 0) = 3
24156 recvfrom(7<TCP:[127.0.0.1:36361->127.0.0.1:55536]>, 0x7f21b33cf470, 10, 0, NULL, NULL) = -1 EAGAIN (Resource)
24156 writev(7<socket:[1]>, [{iov_base=""..., iov_len=132}, {iov_base=""..., iov_len=33}], 2) = 165
24156 write(8<anon_inode:[eventfd]>, ""..., 8) = 8
24156 epoll_wait(3<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=7, u64=(1 = 2)}}], 64, -1) = 1
24156 +++ exited with 0 +++
24156 --- SIGTERM {si_signo=SIGTERM} ---
"""
"""As strace 6.1 wrote it with ``-f -qq -yy -s 0``."""


class TestLines:
    def test_each_call_that_returned_is_one(self) -> None:
        assert Reader().feed(RECORDED) == [
            Call("recvfrom", "unix", failed=False, moved=1),
            Call("futex wake", "", failed=False, moved=None),
            Call("futex wait", "", failed=True, moved=None),
            Call("socket", "", failed=False, moved=None),
            Call("exit", "", failed=False, moved=None),
            Call("sendto", "tcp", failed=False, moved=3),
            Call("recvfrom", "tcp", failed=True, moved=0),
            Call("writev", "tcp", failed=False, moved=165),
            Call("write", "eventfd", failed=False, moved=8),
            Call("epoll_wait", "epoll", failed=False, moved=None),
        ]

    @pytest.mark.parametrize("size", [1, 7, 100])
    def test_pieces_are_as_good_as_the_whole(self, size: int) -> None:
        reader, found = Reader(), []
        for start in range(0, len(RECORDED), size):
            found += reader.feed(RECORDED[start : start + size])
        assert found == Reader().feed(RECORDED)

    def test_a_call_that_was_begun_in_one_piece_ends_in_the_next(self) -> None:
        reader = Reader()
        assert reader.feed("7 read(9<TCP:[1->2]>,  <unfinished ...>\n") == []
        assert reader.feed('7 <... read resumed>""..., 4096) = 41\n') == [Call("read", "tcp", failed=False, moved=41)]


def several(number: int, name: str, on: str = "", *, failed: bool = False, moved: int | None = None) -> list[Call]:
    return [Call(name, on, failed, moved)] * number


class TestDifference:
    def test_it_is_what_the_longer_load_has_more(self) -> None:
        less = [*several(10, "sendto", "tcp", moved=100), *several(3, "epoll_wait", "epoll")]
        more = [*several(20, "sendto", "tcp", moved=100), *several(3, "epoll_wait", "epoll"), *several(1, "brk")]
        found = calls.difference(1, 10, less, more)
        assert found.calls == (Calls("sendto", "tcp", 10, 0, 1000), Calls("brk", "", 1))

    def test_what_the_shorter_has_more_of_is_no_call_of_a_batch(self) -> None:
        assert calls.difference(1, 10, several(2, "epoll_wait"), several(1, "epoll_wait")).calls == ()


class TestBatch:
    def test_sends_and_reads_are_those_of_the_connection_that_moved_something(self) -> None:
        made = (
            Calls("writev", "tcp", 24 * 16, 0, 24 * 16 * 130),
            Calls("read", "tcp", 48, 24, 24 * 656),
            Calls("write", "eventfd", 24 * 16, 0, 24 * 16 * 8),
            Calls("futex wake", "", 24),
            Calls("epoll_pwait", "epoll", 48),
        )
        found = calls.batch(seen.calls(16, *made))
        assert (found.sends, found.receives, found.empty, found.waits, found.wakes) == (16, 1, 1, 2, 17)
        assert (found.bytes_a_send, found.bytes_a_receive) == (130, 656)
        assert found.all == sum(one.number for one in made) / 24
        assert found.a_request(found.sends) == 1

    def test_a_server_that_sends_nothing_by_a_call_has_no_size(self) -> None:
        found = calls.batch(seen.calls(1, Calls("io_uring_enter", "io_uring", 24)))
        assert (found.sends, found.bytes_a_send) == (0, None)

    def test_what_is_paid_a_batch_is_told_from_what_is_paid_a_request(self) -> None:
        paid = {one.name: one for one in calls.paid([seen.calls(16), seen.calls(1)])}
        assert (paid["sendto"].numbers, paid["sendto"].of_batch, paid["sendto"].of_request) == ((1, 16), 0, 1)
        assert (paid["recvfrom"].of_batch, paid["recvfrom"].of_request) == (1, 0)

    def test_a_single_depth_tells_nothing_apart(self) -> None:
        (first, *_) = calls.paid([seen.calls(4)])
        assert (first.numbers, first.of_batch, first.of_request) == ((4,), None, None)
