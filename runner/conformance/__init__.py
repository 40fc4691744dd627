"""Does a server pipeline, and how: 35 cases, a class, and the depth at which it stops.

::

    case.py       what a case, a conversation, a finding and a result are
    judge.py      what came back -> a finding
    cases.py      the cases, as values of these
    driver.py     the only sockets: cases x server -> results
    ladder.py     the largest depth and number of connections that work, by search
    classify.py   results -> a class and counts
    record.py     the same as plain data, and back

All but ``driver`` and ``ladder`` are pure.
"""
