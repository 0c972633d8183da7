"""A workspace as one file, and back: made while others work, verified after writing, restored whole or not at all."""
