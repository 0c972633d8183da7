"""What Word and Excel have in common, and what each says of how something looks."""
