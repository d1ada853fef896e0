"""What is read from logs and tables, and how it is joined."""
