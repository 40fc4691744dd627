"""The only door to other programs: start a server or a tool, watch it, end it with all that it started.

In: a command, CPUs, deadlines. Out: a running server, what it used, how it ended, what its log says.
May import record and errors. No other room imports subprocess.
"""
