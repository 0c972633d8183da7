"""Values and rules of the business. No input or output, no vendor, no settings."""
