"""Errors that a person can act on. Anything else is a bug and keeps its traceback.

::

    UserError                 one clear line, exit code 2
    ├── AdapterError          an adapter's metadata or name is wrong
    ├── PlanError             the plan asks for what cannot be measured
    ├── ToolError             a program the suite needs is absent or unfit
    ├── RecordError           a run folder cannot be read, written or resumed
    └── OutputError           what was asked for cannot be printed

What goes wrong with one adapter during a run is not an exception but a verdict
in that adapter's row (see :class:`runner.record.trial.Failure`).
"""

from __future__ import annotations


class UserError(Exception):
    """What is wrong and what to do about it, in one line."""

    exit_code = 2


class AdapterError(UserError):
    """An adapter is unknown, or its metadata is missing or wrong."""


class PlanError(UserError):
    """The plan asks for something that cannot be measured here."""


class ToolError(UserError):
    """wrk, uv, go or h2load is absent, or is not fit for what is asked of it."""


class RecordError(UserError):
    """A run folder cannot be read, written or resumed."""


class OutputError(UserError):
    """Standard output is closed, or full."""
