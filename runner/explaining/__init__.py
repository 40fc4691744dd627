"""Why a server costs what it costs: looked at beside a run, never while anything is timed.

In: a server that is ready to run. Out: its system calls and samples of its stacks; from these and a run's trials
a model of two numbers and findings in words.
"""
