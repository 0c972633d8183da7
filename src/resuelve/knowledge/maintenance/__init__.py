"""What closed incidents teach the dictionary: proposals with their evidence, which a person accepts or rejects."""
