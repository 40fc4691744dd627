"""Load generators: a plan to a command line, its output to :class:`runner.record.trial.Load`. Pure.

In: a cell and an address, then the generator's output. Out: argv, then a load. May import judging and record.
No process is started here: that is done by the trial.
"""
