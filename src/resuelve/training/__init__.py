"""Learning: light models and fine-tuned ones, from what a team has kept."""
