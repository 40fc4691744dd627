"""What came back, judged: small functions of a conversation, and ways to combine them. Pure.

A judge is fair before it is sharp. Where the text of the RFC leaves a server a choice, each choice is
named here and is at worst a *note*; what is not named is a *fail* only if a MUST is broken or a response is
lost, reordered or corrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from runner.conformance.case import Conversation, Ending, Fault, Finding, Judge, Observation, Outcome
from runner.conformance.wire import FlawKind, Response

Look = Callable[[Conversation], Finding]
"""A judge of one conversation."""

SHOWN_BYTES = 40
ASKED_AFTER = "half a second"


class Then(Enum):
    """What must become of the connection after the last response."""

    ANY = "any"
    STAYS = "stays open"
    CLOSES = "closes"


@dataclass(frozen=True, slots=True)
class Expected:
    """One response as it must be. No ``body``: any will do."""

    statuses: frozenset[int]
    body: bytes | None = None

    def matches(self, response: Response) -> bool:
        """Whether a response is this one."""
        return response.status in self.statuses and self.body in {None, response.body}

    def __str__(self) -> str:
        statuses = "/".join(str(status) for status in sorted(self.statuses)[:4])
        if len(self.statuses) > 4:
            statuses = f"{min(self.statuses)} to {max(self.statuses)}"
        return statuses if self.body is None else f"{statuses} {shown(self.body)}"


def status(*codes: int) -> Expected:
    """A response with one of these status codes."""
    return Expected(frozenset(codes))


def body(content: bytes) -> Expected:
    """A 200 with this content."""
    return Expected(frozenset({200}), content)


def shown(data: bytes) -> str:
    """Bytes as people read them in a sentence."""
    cut = data[:SHOWN_BYTES].decode(errors="backslashreplace")
    return repr(cut) + ("…" if len(data) > SHOWN_BYTES else "")


def described(response: Response) -> str:
    """One response in a few words."""
    return f"{response.status} {shown(response.body)}" if response.body else f"{response.status}"


def summary(talk: Conversation) -> str:
    """What came back, in one line: ``200, 400, then closed by the server``."""
    came = [str(response.status) for response in talk.due]
    if len(came) > 8:
        came = [*came[:3], f"… {len(came) - 4} more", came[-1]]
    flaw = talk.reading.flaw
    if flaw is not None:
        came.append(flaw.detail)
    elif talk.reading.unread:
        came.append(f"{len(talk.reading.unread)} bytes of another")
    after = "still served when asked again" if talk.serves_again else talk.ending
    return f"{', '.join(came) or 'nothing'}, then {after}"


def passed(detail: str = "") -> Finding:
    """Nothing to say against the server."""
    return Finding(Outcome.PASS, detail)


def noted(detail: str) -> Finding:
    """Permitted, but worse."""
    return Finding(Outcome.NOTE, detail)


def failed(fault: Fault, detail: str) -> Finding:
    """A MUST is broken, or a response is lost, late, out of order or corrupt."""
    return Finding(Outcome.FAIL, detail, fault)


def answers(*expected: Expected, then: Then = Then.ANY) -> Look:
    """Exactly these responses, in this order, and not a byte more."""

    def look(talk: Conversation) -> Finding:
        responses = talk.due
        wrong = _wrong(expected, responses) or _closing_ignored(talk.reading.responses)
        if wrong is not None:
            return wrong
        if len(responses) < len(expected):
            return _shortfall(talk, len(expected))
        return _excess(talk, len(expected)) or _aftermath(talk, then) or passed(_counted(talk))

    return look


def begins(first: Expected) -> Look:
    """This response first; whatever comes after it is not looked at."""

    def look(talk: Conversation) -> Finding:
        responses = talk.reading.responses[:1]
        if not responses:
            return _shortfall(talk, 1)
        return _wrong((first,), responses) or passed(summary(talk))

    return look


def permitted(look: Look, remark: str) -> Look:
    """What this judge passes is a note: the server may do so, but its clients must cope with it."""

    def noting(talk: Conversation) -> Finding:
        finding = look(talk)
        return noted(f"{remark}: {summary(talk)}") if finding.outcome is Outcome.PASS else finding

    return noting


def either(*looks: Look) -> Look:
    """The best that any of these judges says; if all fail, what the first one says."""

    def look(talk: Conversation) -> Finding:
        return min((judge(talk) for judge in looks), key=lambda finding: finding.outcome.severity)

    return look


def about(subject: str, look: Look) -> Look:
    """A judge whose findings say what they are about, where a case has connections of several kinds."""

    def naming(talk: Conversation) -> Finding:
        finding = look(talk)
        return replace(finding, detail=f"{subject}: {finding.detail}")

    return naming


def unrefused(refusal: Expected, look: Look, remark: str) -> Look:
    """What this judge passes is a note if the first response is a refusal."""

    def served(talk: Conversation) -> Finding:
        finding = look(talk)
        refused = finding.outcome is Outcome.PASS and refusal.matches(talk.reading.responses[0])
        return noted(f"{remark}: {summary(talk)}") if refused else finding

    return served


def sparing(good: Expected, look: Look) -> Look:
    """The first request is good; an error in its place is a response lost, whatever the requests after it are."""

    def spared(talk: Conversation) -> Finding:
        first = talk.reading.responses[:1]
        if first and first[0].status >= 400 and not good.matches(first[0]):
            return failed(Fault.LOST, f"the response to the good first request is lost to {described(first[0])}")
        return look(talk)

    return spared


def announcing(look: Look) -> Look:
    """The last response should say ``Connection: close`` (RFC 9112 §9.6, SHOULD)."""

    def announced(talk: Conversation) -> Finding:
        finding = look(talk)
        if finding.outcome is not Outcome.PASS or talk.reading.responses[-1].announces_close:
            return finding
        return noted("closed, but the last response does not announce it with Connection: close")

    return announced


def unchunked(look: Look) -> Look:
    """No Transfer-Encoding in a response to an HTTP/1.0 request (RFC 9112 §6.1, MUST NOT)."""

    def plain(talk: Conversation) -> Finding:
        first = talk.reading.responses[:1]
        if first and first[0].header("transfer-encoding") is not None:
            return failed(Fault.RULE, "Transfer-Encoding in the response to an HTTP/1.0 request")
        return look(talk)

    return plain


def unsmuggled(token: bytes, look: Look) -> Look:
    """A request that stood inside a body must not have been answered as one."""

    def guarded(talk: Conversation) -> Finding:
        for number, response in enumerate(talk.reading.responses, 1):
            if response.status < 300 and response.body == token:
                return failed(Fault.WRONG, f"response {number} answers a request that stood in a body")
        return look(talk)

    return guarded


def prompt(look: Look, remark: str) -> Look:
    """Each response that was awaited before more was sent should have come."""

    def timely(talk: Conversation) -> Finding:
        finding = look(talk)
        return noted(remark) if finding.outcome is Outcome.PASS and not all(talk.awaited) else finding

    return timely


def only(look: Look) -> Judge:
    """A case of one conversation."""
    return each(look)


def each(*looks: Look) -> Judge:
    """A case of several: the worst finding, by one judge for all conversations or by one for each."""

    def judge(seen: Observation) -> Finding:
        judges: Sequence[Look] = looks if len(looks) > 1 else looks * len(seen.conversations)
        pairs = zip(judges, seen.conversations, strict=False)
        findings = [replace(judge(talk), conversation=index) for index, (judge, talk) in enumerate(pairs)]
        if not findings:
            return failed(Fault.LOST, "no connection was made")
        worst = max(findings, key=lambda finding: finding.outcome.severity)
        bad = sum(finding.outcome is worst.outcome for finding in findings)
        if len(findings) == 1 or worst.outcome is Outcome.PASS:
            return worst
        if len(looks) == len(findings) <= 3:
            bad_ones = [finding.detail for finding in findings if finding.outcome is not Outcome.PASS]
            return replace(worst, detail="; ".join(bad_ones))
        many = f"{bad} of {len(findings)} connections, first of them number {worst.conversation + 1}: "
        return replace(worst, detail=many + worst.detail)

    return judge


def deepest(depths: Sequence[int], looks: Sequence[Look]) -> Judge:
    """One conversation for each depth: all must pass, and the largest depth that does is kept."""

    def judge(seen: Observation) -> Finding:
        best = 0
        for index, (depth, look, talk) in enumerate(zip(depths, looks, seen.conversations, strict=False)):
            finding = look(talk)
            if finding.outcome is not Outcome.PASS:
                detail = f"depth {depth}: {finding.detail}"
                figures = {"largest_depth": best} if best else {}
                return replace(finding, detail=detail, conversation=index, figures=figures)
            best = depth
        return Finding(Outcome.PASS, f"every depth up to {best}", figures={"largest_depth": best})

    return judge


def parallel(look: Look, *, slept_s: float) -> Judge:
    """Two requests that sleep: in half the time together they were served concurrently.

    The quickest of several tries counts. Noise only makes a server look slower, and a server that serves one
    after the other cannot be quicker than the sum, so ``concurrent`` is certain and ``serial`` is what is left.
    """

    def judge(seen: Observation) -> Finding:
        finding = each(look)(seen)
        times = [talk.elapsed_s for talk in seen.conversations if talk.elapsed_s is not None]
        if finding.outcome is not Outcome.PASS or not times:
            return finding
        together = min(times) < 1.75 * slept_s
        detail = f"{'concurrent' if together else 'serial'}: two sleeps of {slept_s} s took {min(times):.3f} s"
        return replace(finding, detail=detail, figures={"concurrent": float(together), "elapsed_s": min(times)})

    return judge


def bounded(judge: Judge, *, growth_bytes: int) -> Judge:
    """The server's memory should not have grown by more than this; no RFC says so."""

    def measured(seen: Observation) -> Finding:
        finding = judge(seen)
        growth = seen.memory_growth_bytes
        if growth is None:
            return replace(finding, detail=f"{finding.detail}; memory was not measured")
        detail = f"{finding.detail}; memory grew by {growth / 2**20:.1f} MiB"
        outcome = finding.outcome
        if outcome is Outcome.PASS and growth > growth_bytes:
            outcome = Outcome.NOTE
        return replace(finding, outcome=outcome, detail=detail, figures={"memory_growth_bytes": growth})

    return measured


SEEN_ONCE_COUNTS = frozenset({Fault.WRONG, Fault.LOST, Fault.CRASHED})
"""What a server that works never does, on however busy a machine."""


def settled(first: Finding, again: Finding) -> Finding:
    """What two attempts say together, the second one alone on a fresh server. A fail stands only if it repeats.

    A stall that does not repeat may have been this machine's, and is a pass with a remark; anything else that was seen
    once was seen, and is a note. No machine makes a server lose or corrupt a response, or end: such a note keeps its
    fault, and the server's class follows from it.
    """
    if first.outcome is again.outcome:
        return again
    milder, sharper = sorted((first, again), key=lambda finding: finding.outcome.severity)
    remark = f"not repeated: {sharper.detail}"
    seen = sharper.outcome is Outcome.FAIL and sharper.fault is not Fault.STALLED
    outcome = max(milder.outcome, Outcome.NOTE if seen else Outcome.PASS, key=lambda each: each.severity)
    figures = {**sharper.figures, **milder.figures}
    fault = sharper.fault if seen and sharper.fault in SEEN_ONCE_COUNTS else None
    return replace(
        sharper, outcome=outcome, fault=fault, detail=f"{milder.detail}; {remark}".lstrip("; "), figures=figures
    )


def _wrong(expected: Iterable[Expected], responses: Iterable[Response]) -> Finding | None:
    wanted = tuple(expected)
    for number, (want, got) in enumerate(zip(wanted, responses, strict=False), 1):
        if not want.matches(got):
            detail = f"response {number} is {described(got)}, expected {want}"
            others = [n for n, other in enumerate(wanted, 1) if other.body and other.matches(got)]
            if others and want.body is not None:
                detail += f": it answers request {others[0]}"
            return failed(Fault.WRONG, detail)
    return None


def _closing_ignored(responses: Sequence[Response]) -> Finding | None:
    """RFC 9112 §9.6: a server that sends ``close`` MUST NOT process any further requests."""
    for number, response in enumerate(responses[:-1], 1):
        if response.version == "1.1" and response.announces_close:
            return failed(Fault.RULE, f"response {number} announces Connection: close, yet another follows it")
    return None


def _shortfall(talk: Conversation, wanted: int) -> Finding:  # noqa: PLR0911 - a reason each
    """Why there are fewer responses than there should be."""
    responses, flaw = talk.due, talk.reading.flaw
    came = f"{len(responses)} of {wanted} responses"
    if talk.serves_again:
        return failed(Fault.LOST, f"{came}, yet a request sent after {ASKED_AFTER} of silence is answered")
    if flaw is not None and flaw.kind is not FlawKind.TRUNCATED:
        return failed(Fault.WRONG, f"{came}, then: {flaw.detail}")
    if talk.ending is Ending.REFUSED:
        return failed(Fault.LOST, "the server accepts no connection")
    if talk.reading.unread:
        came += f" and {len(talk.reading.unread)} bytes of the next"
    elif responses and responses[-1].announces_close:
        if talk.ending.by_server:
            return noted(f"{came}, then closes as it announced")
        return failed(Fault.RULE, f"{came}; the last announces a close, but the connection is {talk.ending}")
    if talk.ending.by_server:
        return failed(Fault.LOST, f"{came}, then {talk.ending} without announcing it")
    return failed(Fault.STALLED, f"{came}, then silence")


def _excess(talk: Conversation, wanted: int) -> Finding | None:
    responses, flaw = talk.due, talk.reading.flaw
    if len(responses) > wanted:
        extra = described(responses[wanted])
        return failed(Fault.WRONG, f"{len(responses)} responses where {wanted} are due; the first too many is {extra}")
    if flaw is not None or talk.reading.unread:
        return failed(Fault.WRONG, f"after {wanted} responses: {shown(talk.reading.unread)}")
    return None


def _aftermath(talk: Conversation, then: Then) -> Finding | None:
    closed = talk.ending.by_server
    if then is Then.CLOSES and talk.serves_again:
        return failed(Fault.RULE, f"the server must close, yet a request sent after {ASKED_AFTER} is answered")
    if then is Then.CLOSES and not closed:
        return failed(Fault.RULE, f"the server must close, but: {summary(talk)}")
    if then is Then.CLOSES and talk.closed_late_s is not None:
        return noted(f"closes only after {talk.closed_late_s:.1f} s, as an idle connection is closed: {summary(talk)}")
    if then is Then.STAYS and closed:
        return noted(f"the connection should stay open, but: {summary(talk)}")
    return None


def _counted(talk: Conversation) -> str:
    count = len(talk.reading.responses)
    return summary(talk) if count <= 4 else f"{count} responses in order"
