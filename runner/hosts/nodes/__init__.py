"""Nodes of a cluster as hosts: which make a pair, what is sent there, how they are asked, the way between them.

In: an address of Ray's. Out: pairs, each a :class:`runner.hosts.place.Place`. Only cluster.py knows Ray.
"""
