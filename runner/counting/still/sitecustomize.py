"""Turns a server's collector of reference cycles off, before anything of the server runs.

CPython imports a module of this name as it starts (docs.python.org, ``site``). When the collector comes depends on all
that was allocated since the start: whether it comes once more among the requests that count is chance, and shows as
half a per cent of them. It is no part of the suite's process, and imports nothing of it.
"""

import gc

gc.disable()
