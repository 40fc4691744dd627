"""Does a server pipeline, and how: 35 cases, a class, and the depth at which it stops.

::

    case.py       what a case, a conversation, a finding and a result are
    judge.py      what came back -> a finding
    cases/        the cases, as values of these
    talk.py       the only sockets: an exchange -> a conversation
    driver.py     cases x server -> results
    ladder.py     the largest depth and number of connections that work, by search
    classify.py   results -> a class and counts
    record.py     the same as plain data, and back

All but ``talk``, ``driver`` and ``ladder`` are pure.
"""
