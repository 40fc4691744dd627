"""A run as one HTML file that works offline and needs no script to be read.

In: rows, charts, caveats, failures. Out: HTML. May import ``report.charts`` and ``report.tables``.
"""
