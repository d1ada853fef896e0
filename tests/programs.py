"""Programs of the system that some tests compare with."""

from __future__ import annotations

import shutil

import pytest

#: How the reason of such a skip begins; conftest.py counts them.
REASON = "needs the program"


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip a test where one of ``names`` is not installed."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{REASON} {', '.join(missing)}")
