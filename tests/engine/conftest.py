"""Every conversation is held against the core and against the reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.harness import core
from tests.reference.run import Result, reference


@pytest.fixture(params=["core", "reference"])
def engine(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Whoever reads capture files: (files, min_idle, contiguous) -> Result."""
    return core if request.param == "core" else reference
