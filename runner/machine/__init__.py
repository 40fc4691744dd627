"""What the figures are measured on, what else goes on there, and whether it is fit for it.

In: /proc, /sys, tools on PATH. Out: facts and findings. May import serving and record.
"""
