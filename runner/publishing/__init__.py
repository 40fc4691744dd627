"""``results/published/``: records that are kept, the documents that show them, and the proof that they still do.

In: a record. Out: its page, tables and charts, and what differs where it is computed again. May import report.
"""
