"""Does a server pipeline, and how: 60 cases, a class, and the depth at which it stops.

::

    case.py       what a case, a conversation, a finding and a result are
    judge.py      what came back -> a finding
    spelling.py   many ways to get one thing wrong, as one case
    cases/        the cases, as values of these
    talk.py       the only sockets: an exchange -> a conversation
    driver.py     cases x server -> results
    ladder.py     the largest depth and number of connections that work, by search
    classify.py   results -> a class and counts
    record.py     the same as plain data, and back
    differences.py  two records side by side

All but ``talk``, ``driver`` and ``ladder`` are pure.
"""
