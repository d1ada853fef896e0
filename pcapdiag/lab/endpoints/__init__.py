"""The two ends of a scenario's connections: programs that run in a namespace each and note what they do and see."""
