"""Where servers and loads run: this machine, or nodes of a cluster. Whoever asks does not know which.

In: an order, a value that can be sent. Out: what was observed, a value too. May import all rooms below.
Ray is imported in nodes/cluster.py alone, and only where a cluster was asked for.
"""
