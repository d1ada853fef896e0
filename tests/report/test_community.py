"""Community IDs are those that other tools log."""

from __future__ import annotations

import communityid
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.types import Endpoint
from pcapdiag.report.community import community_id

#: TCP flows, over IPv4 and IPv6, of baseline/baseline_deflt.json in github.com/corelight/community-id-spec.
VECTORS = (
    (("128.232.110.120", 34855), ("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    (("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943), ("2607:f8b0:400c:c03::1a", 25), "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
)
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@pytest.mark.parametrize(("one", "other", "expected"), VECTORS)
def test_the_vectors_of_the_specification(one: tuple[str, int], other: tuple[str, int], expected: str) -> None:
    """The published flows have their published identifiers, seen from either side."""
    assert community_id(Endpoint(*one), Endpoint(*other)) == expected
    assert community_id(Endpoint(*other), Endpoint(*one)) == expected


@given(st.integers(4, 6).filter(lambda v: v != 5), st.data())
def test_as_the_reference_has_them(version: int, data: st.DataObject) -> None:
    """Of any two ends, equal addresses and equal ports too, and any seed: what the library of the specification's authors says."""
    addresses = st.ip_addresses(v=version).map(str)  # type: ignore[arg-type]  # 4 or 6
    one = Endpoint(data.draw(addresses), data.draw(st.integers(0, 65535)))
    other = Endpoint(data.draw(st.just(one.address) | addresses), data.draw(st.just(one.port) | st.integers(0, 65535)))
    seed = data.draw(st.sampled_from((0, 1, 65535)))
    flow = communityid.FlowTuple.make_tcp(one.address, other.address, one.port, other.port)
    assert community_id(one, other, seed) == communityid.CommunityID(seed=seed).calc(flow)
