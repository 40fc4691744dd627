"""The suite measured by itself: planted differences are found, and the generator gives the answers that are known.

In: servers of ours whose cost or service time is known. Out: what was found, beside what must be. May import suite and
all below it.
"""
