# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Order: every response comes, and in the order of the requests."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Level, Theme
from runner.conformance.cases.requests import G, at_once, gets, numbered, sleeps
from runner.conformance.cases.responses import HELLO, tokens
from runner.conformance.judge import Then, answers, deepest, only, parallel

DEPTHS: Final = (64, 256, 1024)
NAP_S: Final = 0.2

ORDER: Final = (
    Case(
        1,
        "two-gets",
        Theme.ORDER,
        "`G`, `G`",
        "2 × 200, and the connection stays open",
        Level.MUST,
        "RFC 9112 §9.3.2, §9.3",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "The smallest pipeline there is; a server that fails it cannot be measured pipelined at all.",
        (Exchange(at_once(G, G), gets(2)),),
        only(answers(HELLO, HELLO, then=Then.STAYS)),
        core=True,
        needs=(),
    ),
    Case(
        2,
        "sixteen-in-order",
        Theme.ORDER,
        "16 × `G(/sleep/0/i)`",
        "tokens 1 … 16 in order, and not a byte more",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "Equal responses hide a swap, a loss or a duplicate; tokens do not.",
        (Exchange(at_once(*sleeps(0, *numbered(16))), gets(16)),),
        only(answers(*tokens(*numbered(16)))),
        core=True,
    ),
    Case(
        3,
        "deep-batches",
        Theme.ORDER,
        "64, 256 and 1024 × `G(/sleep/0/i)`, a connection each",
        "every token in order; the largest depth that works is recorded",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "Queues and buffers with a limit work until a batch is larger than they are.",
        tuple(Exchange(at_once(*sleeps(0, *numbered(depth))), gets(depth)) for depth in DEPTHS),
        deepest(DEPTHS, [answers(*tokens(*numbered(depth))) for depth in DEPTHS]),
        core=True,
        deadline_s=5.0,
        needs=("two-gets", "sixteen-in-order"),
    ),
    Case(
        7,
        "slow-then-fast",
        Theme.ORDER,
        "`G(/sleep/200/1)`, `G(/sleep/0/2)`",
        "1, then 2",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "The one case in which a server that works on requests in parallel can get the order wrong.",
        (Exchange(at_once(*sleeps(NAP_S, "1"), *sleeps(0, "2")), gets(2)),),
        only(answers(*tokens("1", "2"))),
        core=True,
    ),
    Case(
        34,
        "parallel",
        Theme.ORDER,
        f"2 × `G(/sleep/{round(NAP_S * 1000)}/i)`, 3 times",
        f"1, 2; in {NAP_S} s together: *concurrent*; in {2 * NAP_S} s: *serial*",
        Level.MAY,
        "RFC 9112 §9.3.2",
        "A server MAY process a sequence of pipelined requests in parallel if they all have safe methods (Section "
        "9.2.1 of [HTTP]), but it MUST send the corresponding responses in the same order",
        "Whether a slow request holds up those behind it is what most sets servers apart.",
        tuple(Exchange(at_once(*sleeps(NAP_S, "1", "2")), gets(2)) for _ in range(3)),
        parallel(answers(*tokens("1", "2")), slept_s=NAP_S),
        core=True,
        alone=True,
    ),
)
