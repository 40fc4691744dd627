"""What a change costs: the commit that made a server dearer, and two servers in a duel.

In: names of adapters and their variants. Out: values that a report prints. Beside the run; imports the rest of suite.
"""
