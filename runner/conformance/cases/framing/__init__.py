"""Where a message ends: bodies, lengths, chunks, codings, the fields that say so, and what is none of these."""
