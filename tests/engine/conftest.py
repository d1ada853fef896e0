"""Every conversation is held against the core and against the reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.harness import core
from tests.reference.run import Result, reference

settings.register_profile(
    "engine", deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("engine")


@pytest.fixture(params=["core", "reference"])
def engine(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Whoever reads capture files: (files, min_idle, contiguous) -> Result."""
    return core if request.param == "core" else reference
