"""Rows and findings as text: a terminal's tables, Markdown, CSV, JSON.

In: rows. Out: text. May import ``report.markdown`` and all that report may; no chart and no page.
"""
