"""A record for a person: tables, charts, pages, exchange formats. Never measures, stores nothing derived.

In: a run and its trials. Out: text, pictures, files' contents. May import rows, judging, record, conformance and
adapters (what they found), never suite.
"""
