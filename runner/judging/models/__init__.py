"""What theory says must come out of a server that is simple enough: known answers. Pure.

In: plain numbers. Out: plain numbers. Imports nothing of the house.
"""
