"""Trials to rows: every figure of a run, derived here and now from its record. Pure.

In: a run and its trials. Out: rows, comparisons of two runs, figures as words. May import judging and record.
Starts nothing, opens no socket.
"""
