"""Server programs of ``frameworks/`` and ``go/``: found, made ready to run, begun anew, kept up to date.

In: files with metadata. Out: adapters, environments (cached by content), pins that are behind.
May import machine, serving and record.
"""
