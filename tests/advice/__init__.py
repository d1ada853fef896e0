"""The cures and the plan."""
