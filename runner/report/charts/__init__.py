"""Rows as charts: what is drawn, how it looks, its colours, and the way to SVG and PNG.

In: rows and trials. Out: charts. May import ``report.tables``.
"""
