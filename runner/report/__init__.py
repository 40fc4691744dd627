"""Records to rows, tables and files. Nothing is measured here, and nothing that is derived is stored."""
