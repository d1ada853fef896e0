"""The lab: makes the failure, its neighbours and its cures happen on a real kernel, and keeps what was seen."""
