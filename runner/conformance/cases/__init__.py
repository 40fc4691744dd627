"""The cases as values: a module a theme, written from RFC 9112 and RFC 9110, whose words each quotes.

In: nothing. Out: ``catalogue.CASES`` and ``CORE``, and the builders of ``requests`` for whoever needs such bytes.
May import: ``case``, ``judge``, ``spelling``. No sockets, no time.
"""
