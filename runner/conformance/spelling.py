"""Many ways to get one thing wrong, as one case: a line each, and what a server makes of it. Pure.

A message whose end is unknown must be refused, and the connection closed (RFC 9112 §6.3): whoever takes it guesses, and
whoever guesses otherwise reads other requests out of the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from runner.conformance.case import Conversation, Ending, Exchange, Fault, Finding, Judge, Observation, Outcome
from runner.conformance.judge import ASKED_AFTER, Expected, Look, failed, noted, passed, shown, summary
from runner.conformance.running.wire import FlawKind

REFUSALS: Final = frozenset({400, 408, 411, 413, 414, 415, 417, 422, 426, 431, 501, 505})
"""A refusal of a message for its form. 404 and 405 are none: they say that it was read, and the route is not served."""
UNSERVED: Final = frozenset({404, 405})
SHOWN_NAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write something: what it is called, what is done with it, and what may come of it."""

    name: str
    exchange: Exchange
    look: Look


def spelled(spellings: Sequence[Spelling]) -> Judge:
    """The worst finding over all spellings; its detail says what came of each that is no pass, ``parts`` too.

    Where silence kept some from being tried it is a note at best: nothing is known of those.
    """

    def judge(seen: Observation) -> Finding:
        pairs = zip(spellings, seen.conversations, strict=False)
        findings = [(one.name, replace(one.look(talk), conversation=index)) for index, (one, talk) in enumerate(pairs)]
        if not findings:
            return failed(Fault.LOST, "no connection was made")
        worst = max((finding for _, finding in findings), key=lambda finding: finding.outcome.severity)
        parts = {
            name: f"{finding.outcome}: {finding.detail}"
            for name, finding in findings
            if finding.outcome is not Outcome.PASS
        }
        missed = len(spellings) - len(findings)
        gone = any(talk.ending is Ending.REFUSED for talk in seen.conversations)
        why = "since nobody listened any more" if gone else "after so much silence"
        remark = f"; {missed} of {len(spellings)} not tried {why}" if missed else ""
        if not parts:
            return (noted if missed else passed)(f"{len(findings)} spellings, each as it must be{remark}")
        said = "; ".join(_groups(findings))
        return replace(worst, detail=f"of {len(findings)} spellings {said}{remark}", parts=parts)

    return judge


def raced(names: Sequence[str], *, always: Outcome, other: Mapping[str, Outcome] | None = None) -> Judge:
    """A race over exchanges of these names: one that is lost now and then is a fail; ``always`` is what always is.

    ``other``: by name, what always is where it is another outcome.
    """

    def judge(seen: Observation) -> Finding:
        counts: dict[str, tuple[int, int]] = {}
        for name, one in zip(names, seen.raced, strict=False):
            tries, lost = counts.get(name, (0, 0))
            counts[name] = tries + one.tries, lost + one.lost
        tries = sum(tries for tries, _ in counts.values())
        if not tries or not any(talk.reading.responses or talk.ending.by_server for talk in seen.conversations):
            return failed(Fault.STALLED, "neither an answer nor a close")
        said = {name: f"answered {lost} of {tried} times" for name, (tried, lost) in counts.items() if lost}
        figures = {"tries": float(tries), "lost": float(sum(lost for _, lost in counts.values()))}
        if not said:
            return Finding(Outcome.PASS, f"never in {tries} tries", figures=figures)
        found = {
            name: Outcome.FAIL if 2 * lost < tried else (other or {}).get(name, always)
            for name, (tried, lost) in counts.items()
            if lost
        }
        outcome = max(found.values(), key=lambda one: one.severity)
        detail = "what stands behind it: " + "; ".join(f"{name}, {words}" for name, words in said.items())
        parts = {name: f"{found[name]}: {words}" for name, words in said.items()}
        return Finding(outcome, detail, Fault.WRONG if outcome is Outcome.FAIL else None, figures=figures, parts=parts)

    return judge


def refuses(
    taken: Outcome = Outcome.FAIL,
    *,
    smuggled: bytes | None = None,
    may_go_on: bool = False,
    error: Outcome = Outcome.NOTE,
    silent: Outcome = Outcome.NOTE,
) -> Look:
    """Refused and closed. To take it is ``taken``, or a note where the connection is closed all the same.

    ``may_go_on``: the message has an end, so the connection need not be closed. ``error``: what an error of the
    server's own (500) is in place of a refusal, ``silent`` what it is to answer nothing and stay; fails where the RFC
    has it answer 400.
    """

    def look(talk: Conversation) -> Finding:
        responses = talk.due
        if not responses:
            return _unanswered(talk, silent)
        if smuggled is not None and any(one.status < 300 and one.body == smuggled for one in responses):
            return failed(Fault.WRONG, "a request in its body is answered")
        first, more = responses[0], len(responses) > 1 or talk.serves_again
        if first.status < 400 or first.status in UNSERVED:
            if taken is not Outcome.PASS and not more and talk.ending.by_server and talk.asked_again is None:
                return noted(f"taken, but closed ({first.status})")
            detail = f"taken ({first.status})"
            return Finding(taken, detail, Fault.WRONG if taken is Outcome.FAIL else None)
        if first.status not in REFUSALS and error is Outcome.FAIL:
            return failed(Fault.RULE, f"answered with {first.status}, not refused")
        return passed() if may_go_on and first.status in REFUSALS else _refusal(talk)

    return look


def tolerates(content: bytes) -> Look:
    """Refused and closed; a note where it is taken with this content, and a fail where with any other.

    For what a recipient may mend (RFC 9110 §2.4), as long as the message ends where it must.
    """

    def look(talk: Conversation) -> Finding:
        first = talk.due[:1]
        if first and first[0].status == 200 and first[0].body != content:
            return failed(Fault.WRONG, f"read otherwise ({first[0].status} {shown(first[0].body)})")
        return refuses(Outcome.NOTE, error=Outcome.NOTE)(talk)

    return look


def never_completes() -> Look:
    """Refused, or waited for without end: what is announced is more than can ever come."""

    def look(talk: Conversation) -> Finding:
        responses = talk.due
        if responses and (responses[0].status < 400):
            return failed(Fault.WRONG, f"taken for complete ({responses[0].status} {shown(responses[0].body)})")
        if responses and responses[0].status in UNSERVED and (len(responses) > 1 or talk.serves_again):
            return failed(Fault.WRONG, "taken for complete: the next request is answered")
        if not responses and talk.ending is Ending.REFUSED:
            return failed(Fault.LOST, "no connection")
        if len(responses) > 1 or talk.serves_again:
            return failed(Fault.RULE, "refused, yet the connection still serves")
        return passed()

    return look


def reads(*wanted: Expected, refused: Outcome = Outcome.PASS) -> Look:
    """Valid, if odd: read as what it is, in order, or refused; ``refused`` says what a refusal is."""

    def look(talk: Conversation) -> Finding:
        responses = talk.due
        if not responses:
            return _unanswered(talk)
        first = responses[0]
        if first.status >= 400 and first.status not in UNSERVED:
            if first.status not in REFUSALS:
                return noted(f"answered with {first.status}")
            return passed() if refused is Outcome.PASS else Finding(refused, "refused")
        served = first.status not in UNSERVED
        for number, (want, got) in enumerate(zip(wanted, responses, strict=False), 1):
            if (served or number > 1) and not want.matches(got):
                return failed(Fault.WRONG, f"read otherwise ({got.status} {shown(got.body)})")
        if len(responses) < len(wanted) and not talk.ending.by_server:
            return failed(Fault.LOST, f"{len(responses)} of {len(wanted)} responses")
        return passed()

    return look


def serves(*wanted: Expected, owed: int | None = None, more: bool = False) -> Look:
    """These responses in order, and with ``more`` any others. What is missing after the first ``owed`` is a note."""

    def look(talk: Conversation) -> Finding:
        short = _short_of(talk, wanted)
        if short is not None:
            came = _matching(talk, wanted)
            return noted(short.detail) if owed is not None and came >= owed else short
        return passed() if more or len(talk.due) == len(wanted) else noted("more is answered")

    return look


def serves_then_refuses(*wanted: Expected) -> Look:
    """These responses in order, then a refusal and the end."""

    def look(talk: Conversation) -> Finding:
        short, rest = _short_of(talk, wanted), talk.due[len(wanted) :]
        if short is not None:
            return short
        if not rest:
            return noted("closed without a 400" if talk.ending.by_server else "left open without a 400")
        if rest[0].status not in REFUSALS:
            return noted(f"what is bad is answered with {rest[0].status}")
        return passed() if talk.ending.by_server else noted("refused, left open")

    return look


def serves_then_ends(*wanted: Expected, persists: Outcome = Outcome.FAIL) -> Look:
    """These responses in order, then the end: RFC 9112 §9.6 lets nothing behind the last request be processed.

    ``persists``: what it is to go on; a note in HTTP/1.0, whose close no MUST asks for (§9.3).
    """
    fault = Fault.RULE if persists is Outcome.FAIL else None

    def look(talk: Conversation) -> Finding:
        short, rest = _short_of(talk, wanted), talk.due[len(wanted) :]
        if short is not None:
            return short
        if talk.serves_again or any(one.status < 400 for one in rest):
            return Finding(persists, "what stands behind the last request is answered", fault)
        if not talk.ending.by_server:
            return Finding(persists, "left open", fault)
        if rest:
            return noted("what stands behind the last request is refused")
        if talk.closed_late_s is not None:
            return noted(f"closed only after {talk.closed_late_s:.1f} s")
        return passed()

    return look


def _matching(talk: Conversation, wanted: Sequence[Expected]) -> int:
    """How many of the first responses are as wanted."""
    pairs = zip(wanted, talk.due, strict=False)
    return next((number for number, (want, got) in enumerate(pairs) if not want.matches(got)), len(talk.due))


def _short_of(talk: Conversation, wanted: Sequence[Expected]) -> Finding | None:  # noqa: PLR0911 - a reason each
    """Why some of the wanted responses are not there, in their places."""
    came = min(_matching(talk, wanted), len(wanted))
    if came == len(wanted):
        return None
    if came < len(talk.due):
        got = talk.due[came]
        if got.status >= 400:
            return failed(Fault.LOST, f"response {came + 1} lost to {got.status}")
        return failed(Fault.WRONG, f"response {came + 1} is {got.status} {shown(got.body)}")
    if talk.reading.flaw is not None and talk.reading.flaw.kind is not FlawKind.TRUNCATED:
        return failed(Fault.WRONG, f"{came} of {len(wanted)} responses, then no HTTP/1.1")
    if talk.ending is Ending.REFUSED:
        return failed(Fault.LOST, "no connection")
    last = talk.due[-1:]
    if talk.ending.by_server and last and last[0].announces_close:
        return noted(f"closed after {came} of {len(wanted)} responses, as announced")
    if talk.ending.by_server:
        return failed(Fault.LOST, f"closed after {came} of {len(wanted)} responses")
    return failed(Fault.STALLED, f"silent after {came} of {len(wanted)} responses")


def _unanswered(talk: Conversation, silent: Outcome = Outcome.NOTE) -> Finding:
    if talk.ending is Ending.REFUSED:
        return failed(Fault.LOST, "no connection")
    if talk.reading.flaw is not None:
        return noted("answered with what is no HTTP/1.1")
    if talk.ending.by_server:
        return noted("closed without an answer")
    return Finding(silent, "no answer, left open", Fault.STALLED if silent is Outcome.FAIL else None)


def _refusal(talk: Conversation) -> Finding:
    """A refusal by an error, and what became of the connection."""
    responses = talk.due
    later = [one for one in responses[1:] if one.status < 400]
    if later or talk.serves_again:
        how = f" after {ASKED_AFTER}" if talk.serves_again else ""
        return failed(Fault.RULE, f"refused ({responses[0].status}), yet the next request is answered{how}")
    if responses[0].status not in REFUSALS:
        return noted(f"answered with {responses[0].status}")
    if len(responses) > 1:
        return noted(f"refused, and what follows read on ({summary(talk)})")
    if not talk.ending.by_server:
        return noted("refused, left open")
    if talk.closed_late_s is not None:
        return noted(f"refused, closed only after {talk.closed_late_s:.1f} s")
    return passed()


def _groups(findings: Iterable[tuple[str, Finding]]) -> list[str]:
    """``taken (200): +1, 0x1``, the worst first."""
    groups: dict[tuple[int, str], list[str]] = {}
    for name, finding in findings:
        if finding.outcome is not Outcome.PASS:
            groups.setdefault((-finding.outcome.severity, finding.detail), []).append(name)
    said = []
    for (_, detail), names in sorted(groups.items(), key=lambda item: item[0][0]):
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        said.append(f"{detail}: {', '.join(names[:SHOWN_NAMES])}{more}")
    return said
