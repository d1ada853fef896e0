"""What else the user has: access logs, socket tables, connection tracking, joined with idle periods."""
