"""The one place where the version is written; pyproject.toml reads it."""

VERSION = "0.1.0"
