"""Reports of runs, of the index and of maintenance, read again and summed up for people."""
