"""Resolve an incident. Read `pipeline` first; then a file a stage, in the order in which they run."""
