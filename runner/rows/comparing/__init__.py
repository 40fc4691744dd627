"""Two runs, or two servers of one run, beside each other: ratios with their intervals, and what they could not show.

In: runs and their trials. Out: a comparison. May import what rows may, and rows. Pure.
"""
