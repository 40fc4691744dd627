"""Instructions a request, counted by valgrind's cachegrind: two loads of fixed numbers of requests, and the difference.

In: an environment. Out: a :class:`runner.record.count.Count`. Imports what stands below it; ``suite`` imports it.
"""
