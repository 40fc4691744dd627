"""What is kept of a run: adapters, plans, trials, the run's head; how it is written and read again.

In: what was asked and observed. Out: frozen records with units, and files. Derived figures are not stored.
May import only errors. Starts nothing, opens no socket.
"""
