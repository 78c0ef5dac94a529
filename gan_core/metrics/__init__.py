"""Honest measures of generated pictures."""
