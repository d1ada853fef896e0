"""What setting cures it, as text to paste."""
