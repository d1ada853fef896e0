"""The data files beside this one. They are read when they are first asked for: most runs need none of them."""

from __future__ import annotations

from typing import Any


def rows(name: str, table: str) -> list[dict[str, Any]]:
    """The tables called ``table`` of the TOML file ``name``, in its order."""
    import tomllib
    from pkgutil import get_data  # what importlib.resources does, without all that it loads

    text = get_data(__package__, name)
    assert text is not None  # the package's own loader reads data, or it would not read its modules
    found: list[dict[str, Any]] = tomllib.loads(text.decode("utf-8"))[table]
    return found
