"""The packets of an excerpt as scapy has them, for whoever goes on by hand. scapy is imported when they are asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pcapdiag.engine.types import Traced
from pcapdiag.report.excerpt import Excerpt
from pcapdiag.rules.types import Finding

if TYPE_CHECKING:
    from scapy.plist import PacketList


def packet_list(excerpt: Excerpt | None, finding: Finding) -> PacketList:
    """The packets of an excerpt, an empty list without one. The list is named after the finding."""
    try:
        from scapy.plist import PacketList
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("packets are shown by scapy: pip install 'pcapdiag[packets]'", name="scapy") from error

    connection = finding.period.connection
    shown = [] if excerpt is None else [_packet(step.segment) for step in excerpt.steps]
    return PacketList(shown, name=f"{finding.rule} {connection.client} -> {connection.server}")


def _packet(segment: Traced) -> Any:
    """One record, dissected from its link layer on; as bytes where scapy does not know that, or gives up."""
    import scapy.layers.inet
    import scapy.layers.inet6
    import scapy.layers.l2
    import scapy.layers.vxlan  # noqa: F401  # each tells scapy what its link types or ports are
    from scapy.config import conf
    from scapy.utils import EDecimal

    layer = conf.l2types.num2layer.get(segment.link_type, conf.raw_layer)
    try:
        packet = layer(segment.record)
    except Exception:  # noqa: BLE001  # dissectors fail in every way there is on what a capture may hold
        packet = conf.raw_layer(segment.record)
    packet.time = EDecimal(Decimal(segment.ref.time).scaleb(-9))
    packet.wirelen = segment.original
    packet.comment = f"frame {segment.ref.frame}: {segment.seen}".encode()
    return packet
