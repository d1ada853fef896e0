"""Curated facts about products, each with its sources."""
