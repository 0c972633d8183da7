"""Measurements. Nothing here is part of the product; nothing here is asserted in a test."""
