"""What touches a server: conversations over sockets, cases against a server, the ladder, the quick check of a trial.

In: a running server, cases. Out: conversations and results. May import serving, record and the nouns of conformance.
"""
