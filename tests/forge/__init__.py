"""Forged traffic, fast enough for property tests."""
