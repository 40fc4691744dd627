"""What failed: every row without a rate, with what its trials and logs show."""

from __future__ import annotations

from dataclasses import replace

from runner.record.plan import Purpose
from runner.record.trial import Exit, Failure, LogError, Verdict
from runner.report.pages.failures import failures
from runner.rows import rows
from tests import builders

DIED = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)


def test_a_run_in_which_all_went_well_has_none() -> None:
    head, trials = builders.matrix(adapters=3)
    assert failures(rows.rows(head, trials), trials) == ()


def test_errors_are_summed_over_the_trials_that_failed() -> None:
    head, trials = builders.matrix(adapters=1, depths=(5,), trials=3)
    trials = [
        replace(trials[0], log="logs/1.log"),
        replace(trials[1], exit=DIED, log="logs/2.log"),
        replace(trials[2], exit=DIED, log="logs/3.log", errors=(LogError("boom", 2), LogError("bang", 1))),
        replace(trials[2], exit=DIED, log="logs/4.log", errors=(LogError("boom", 1),), purpose=Purpose.VERIFY),
    ]
    (failed,) = failures(rows.rows(head, trials), trials)
    assert failed.row.verdict is Verdict.CRASHED
    assert failed.failed_trials == 3
    assert failed.errors == (LogError("boom", 3), LogError("bang", 1))
    assert failed.log == "logs/3.log"  # the first that shows an error


def test_a_log_without_an_error_is_better_than_none() -> None:
    trial = builders.trial(exit=DIED, log="logs/1.log")
    (failed,) = failures(rows.rows(builders.run(), [trial]), [trial])
    assert (failed.log, failed.errors) == ("logs/1.log", ())


def test_the_check_that_failed() -> None:
    lost = builders.check(received=2, failure=Failure(Verdict.STALLED, "3 responses are missing"))
    trials = [builders.trial(check=lost), builders.trial(check=lost, exit=DIED)]
    (failed,) = failures(rows.rows(builders.run(), trials), trials)
    assert failed.check == (5, 2)
    assert sorted(failed.verdicts) == [(Verdict.CRASHED, 1), (Verdict.STALLED, 1)]


def test_what_was_never_run_is_not_among_them() -> None:
    run = builders.run(adapters=(builders.adapter_record(unavailable="no CPython 3.2 here"),))
    assert failures(rows.rows(run, []), []) == ()
