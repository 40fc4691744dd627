"""One batch or burst as a waterfall: what became of each request, recorded, told in words, drawn.

In: a running server or client. Out: events, lanes, a picture. May import conformance (its parser), rows (its words of
figures), serving and record.
"""
