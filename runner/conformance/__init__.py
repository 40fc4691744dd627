"""Does a server pipeline, and how: cases, talked over sockets, judged; a class, and the depth at which it stops.

In: a running server. Out: a result a case with its bytes, as plain data too. May import serving and record.
``case`` has the nouns, ``cases/`` the cases; only ``talk``, ``driver``, ``check`` and ``examination`` touch a server.
"""
