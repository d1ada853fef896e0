"""Conversations as text, and what becomes of them."""
