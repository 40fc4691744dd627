"""What depends on when: closing, what overtakes a slow response, what one connection costs others, races, pressure.

In: nothing. Out: tuples of cases, which ``catalogue`` joins. May import ``case``, ``judge`` and ``requests``.
"""
