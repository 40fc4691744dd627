"""Pairs of machines as blocks: what values measured on several of them come to, and how the trials of a cell add up.

In: figures, each with its block. Out: one mean over all blocks, and its uncertainty from within them. Pure.
"""
