"""What a notebook shows of an analysis by itself, and packets for going on by hand."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.utils import rdpcap

import pcapdiag
from pcapdiag.capture import CaptureError
from pcapdiag.conversation import LINKS, forge
from pcapdiag.engine.types import Seen
from pcapdiag.report.notebook import rows, whole
from tests.end_to_end.command import environment
from tests.end_to_end.shipped import CAPTURES, RESET, ROOT
from tests.report import samples

TALK = r"""
      0.000  C  SYN
      0.020  S  SYN ACK
      0.021  C  ACK
      0.022  C  "GET / HTTP/1.1\r\n\r\n"
      0.045  S  900 bytes
    350.100  C  "GET / HTTP/1.1\r\n\r\n"
    350.120  S  RST
"""


class Tags(HTMLParser):
    """Counts the elements of a piece of HTML, and collects its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """One element."""
        self.tags[tag] = self.tags.get(tag, 0) + 1

    def handle_data(self, data: str) -> None:
        """Some text."""
        self.text += data + " "


def test_a_report_shows_its_cure() -> None:
    """Behind the answer stands what would have kept connections alive, if that is proved."""
    assert "A keepalive of 90 s would have kept 3 of 3 alive." in Tags(whole(samples.report())).text
    assert "keepalive of" not in Tags(whole(samples.empty())).text


def test_an_analysis_shows_its_answer() -> None:
    """The answer first, then services and incidents as tables."""
    shown = Tags(pcapdiag.analyze(RESET)._repr_html_())
    assert shown.text.startswith("4 requests on idle connections were answered by RST, with no FIN before.")
    assert shown.tags["table"] == 2
    for told in ("198.51.100.80:80", "3.003 s", "6.001 s", "GET /api/orders/19 HTTP/1.1", "bare RST after 69 µs", "frame 97"):
        assert told in shown.text


def test_rows_show_themselves_as_tables() -> None:
    """Findings, idle periods, connections, services and files: a row each, whether or not pandas is there."""
    analysis = pcapdiag.analyze(RESET, keep="all")
    for what in (analysis.findings, analysis.idle_periods, analysis.connections, analysis.services, analysis.capture):
        assert Tags(what._repr_html_()).tags["tr"] == 1 + len(what)
    assert Tags(pcapdiag.analyze(CAPTURES / "keepalive-survives.pcap").findings._repr_html_()).text.strip() == "None."


def test_many_rows_are_counted() -> None:
    """Of very many the first are shown, and how many more there are."""
    shown = Tags(rows(samples.crowd().findings))
    assert (shown.tags["tr"], shown.text.split()[-3:]) == (21, ["…", "100", "more"])


@pytest.mark.parametrize("sample", [samples.report, samples.empty, samples.everything])
def test_any_report_can_be_shown(sample: object) -> None:
    """One that found nothing, and one of everything; an anonymised one says so."""
    report = sample()  # type: ignore[operator]  # one of these
    shown = Tags(whole(report)).text
    assert shown
    assert ("not those of the captures" in shown) == (report.anonymized is not None)


@pytest.mark.parametrize("text", [*samples.HOSTILE, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_text_is_harmless(text: str) -> None:
    """Nothing that was captured becomes an element, or acts on who reads the source."""
    report = samples.hostile(text)
    html = whole(report) + rows(report.findings) + rows(report.files)
    assert set(Tags(html).tags) <= {"p", "b", "span", "div", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    assert html.replace("\n", "").isprintable()


def test_cures_are_shown_and_are_data() -> None:
    """A row each, those that help most first, and in the table the text to paste; none where nothing was lost."""
    analysis = pcapdiag.analyze(RESET)
    cures = [cure for one in analysis.advice for cure in one.cures]
    table = analysis.advice.frame()
    assert Tags(analysis.advice._repr_html_()).tags["tr"] == 1 + len(cures)
    assert list(table["id"]) == [cure.id for cure in cures]
    assert all(snippet.text in table["text"][i] for i, cure in enumerate(cures) for snippet in cure.snippets)
    nothing = pcapdiag.analyze(CAPTURES / "keepalive-survives.pcap").advice
    assert (len(nothing), Tags(nothing._repr_html_()).text.strip()) == (0, "None.")


def test_a_verification_shows_its_answer() -> None:
    """The answer, what was measured, and what follows from it."""
    shown = pcapdiag.verify(CAPTURES / "keepalive-survives.pcap", before=pcapdiag.analyze(RESET))
    text = Tags(shown._repr_html_()).text
    assert text.startswith("The keepalive is in place, and it holds.")
    assert "every idle period longer than 2 s was probed, and none was lost" in text
    assert repr(shown) == "<Verification: confirmed, 1 service>"


def test_a_comparison_shows_where() -> None:
    """Where it happened, a table of the points, and one of each incident's way; labels are text, whatever they hold."""
    points = [CAPTURES / f"full-chain.{name}.pcap" for name in ("before-nat", "after-nat")]
    shown = pcapdiag.compare(*points, labels=["<b>near", "far"])
    tags = Tags(shown._repr_html_())
    assert tags.text.startswith("4 of 4 RSTs were made between <b>near and far")
    assert (tags.tags["table"], tags.tags["b"]) == (5, 1)
    assert repr(shown) == "<Comparison: 2 points, 4 incidents>"


def test_a_story_shows_itself() -> None:
    """The steps in their order with their evidence; nothing where only a capture was given."""
    capture = CAPTURES / "full-chain.client.pcapng"
    stories = pcapdiag.analyze(capture, ss=CAPTURES / "full-chain.ss.txt").story
    shown = Tags(stories._repr_html_())
    places = [shown.text.index(step.title) for step in stories[0].steps]
    assert places == sorted(places)
    assert "no keepalive timer at" in shown.text
    assert Tags(pcapdiag.analyze(capture).story._repr_html_()).text.strip() == "None."


def test_packets_are_those_of_the_capture() -> None:
    """The packets around a finding with times to the nanosecond and bytes as captured, the same with and without excerpts."""
    analysis = pcapdiag.analyze(RESET)
    finding = analysis.findings[0]
    packets = analysis.packets(finding)
    kept = analysis.detailed().packets(finding)
    assert [bytes(p) for p in packets] == [bytes(p) for p in kept]
    whole_file = rdpcap(str(RESET))
    for packet in packets:
        frame, _, seen = packet.comment.decode().partition(": ")
        original = whole_file[int(frame.removeprefix("frame ")) - 1]
        assert bytes(packet) == bytes(original)
        assert (packet.time, packet.wirelen, seen) == (original.time, len(original), str(Seen(seen)))
    assert finding.period.answer is not None
    assert [p[TCP].flags for p in packets][-2:] == ["PA", "R"]
    assert packets[-1].comment == f"frame {finding.period.answer.first.ref.frame}: rst".encode()
    assert packets[-1][IP].ttl == finding.period.answer.first.ttl
    assert packets.listname == "IDLE101 10.1.0.1:40258 -> 198.51.100.80:80"


@pytest.mark.parametrize("link", LINKS)
def test_packets_of_every_link_type(link: str, tmp_path: Path) -> None:
    """Whatever was captured on, scapy finds TCP in it."""
    (data,) = forge(f"link {link}\n{TALK}")
    (tmp_path / "talk.pcapng").write_bytes(data)
    analysis = pcapdiag.analyze(tmp_path / "talk.pcapng")
    packets = analysis.packets(analysis.findings[0])
    assert [TCP in packet for packet in packets] == [True] * 7


def test_a_finding_without_an_excerpt_is_read_again() -> None:
    """Of more findings than a detailed report has packets for, the others are read for themselves."""
    analysis = pcapdiag.analyze(RESET).detailed(most=1)
    assert [analysis.report.excerpt(f.period) is None for f in analysis.findings].count(True) == 3
    assert all(len(analysis.packets(finding)) >= 9 for finding in analysis.findings)


def test_packets_of_a_capture_that_is_gone(tmp_path: Path) -> None:
    """It is said that the capture cannot be read again."""
    path = tmp_path / "gone.pcap"
    path.write_bytes(RESET.read_bytes())
    analysis = pcapdiag.analyze(path)
    path.unlink()
    with pytest.raises(CaptureError):
        analysis.packets(analysis.findings[0])


def test_without_scapy_it_says_what_to_install() -> None:
    """An analysis shows itself without any guest; packets say what they need."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('pandas', 'numpy', 'scapy', 'matplotlib')))\n"
        f"import pcapdiag; a = pcapdiag.analyze({str(RESET)!r}); assert a._repr_html_() and a.findings._repr_html_()\n"
        "a.packets(a.findings[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, env=environment())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: packets are shown by scapy: pip install 'pcapdiag[packets]'"
