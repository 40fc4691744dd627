"""Why servers cost what they cost, for a person: tables, flame graphs, and the format of speedscope. Pure."""
