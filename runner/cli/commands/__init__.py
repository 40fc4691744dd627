"""One file a command: its options, its help, and the call of the room that does the work.

In: parsed options. Out: what :mod:`runner.cli.printing` prints, an exit code. The work is imported in the function.
"""
