"""One file a format, each with ``read(data, scope)``: the passages and obstacles of a file in reading order."""
