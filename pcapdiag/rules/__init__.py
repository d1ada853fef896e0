"""Verdicts: one file a rule."""
