"""Which cures somebody asks for: by id, by the beginning of one, or by where they are set."""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.advice.types import Place

#: What one writes for each place.
PLACES = {
    "application": Place.APPLICATION, "sidecar": Place.SIDECAR, "gateway": Place.GATEWAY, "kernel": Place.KERNEL,
    "path": Place.PATH, "pool": Place.POOL, "retry": Place.RETRY,
}  # fmt: skip


def chosen(wishes: Iterable[str], known: Iterable[tuple[str, Place]]) -> frozenset[str]:
    """The ids, of those ``known`` with their places, that are wished for: ``go``, ``istio`` (all that begin so), ``gateway``.

    Raises ValueError naming the known ones if one wish means none.
    """
    known = tuple(known)
    found: set[str] = set()
    for wish in (part.strip().lower() for several in wishes for part in several.split(",")):
        meant = {name for name, place in known if wish == name or name.startswith(f"{wish}-") or PLACES.get(wish) is place}
        if not meant and wish not in PLACES:
            raise ValueError(
                f"{wish!r} is no cure (known are {', '.join(dict.fromkeys([*PLACES, *(name for name, _ in known)]))})"
            )
        found |= meant
    return frozenset(found)
