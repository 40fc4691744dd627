"""Who measures a run: this machine, or pairs of a cluster that are gathered for it and may be lost and found again.

In: trials as they are dealt. Out: what was observed. What is dealt is said by the rooms above.
"""
