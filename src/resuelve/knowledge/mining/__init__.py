"""Mining the past: what the team solved again and again without a row for it, and which rows want care."""
