"""Failures of GANs made on purpose, told apart by their numbers, and cured by one knob."""
