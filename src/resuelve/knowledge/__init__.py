"""The dictionary of known problems: reading it and indexing it."""
