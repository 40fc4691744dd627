"""Where a message ends: bodies, lengths, chunks, codings, the fields that say so, and what is none of these.

In: nothing. Out: tuples of cases, which ``catalogue`` joins. May import ``case``, ``judge`` and ``requests``.
"""
