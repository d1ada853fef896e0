"""The page in a real browser, scripts off: at every width, light and dark, on paper; nothing is asked for, nothing complains."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.report.formats import renderer
from pcapdiag.report.model import Report
from tests.browser import NAMES, Browser, browser
from tests.end_to_end.shipped import CAPTURES, RESET
from tests.programs import needs
from tests.report import samples

PROGRAM = next((name for name in NAMES if shutil.which(name)), NAMES[0])
pytestmark = needs(PROGRAM)

#: Elements that stick out of the window, but for what scrolls by itself.
STICKING_OUT = """[...document.querySelectorAll('main *')].filter(e =>
  !e.closest('.scroll, pre, .away') && e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 0.5
).map(e => e.outerHTML.slice(0, 120))"""
#: Text that has no more contrast to its ground than 4.5 to 1 (WCAG 2.2, 1.4.3), drawings apart.
FAINT = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                       return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
                        if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const faint = [];
  for (const e of document.querySelectorAll('main *:not(svg *)')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) faint.push(`${e.tagName}.${e.className}: ${getComputedStyle(e).color}`);
  }
  return [...new Set(faint)];
})()"""
HIDDEN = "[...document.querySelectorAll('details')].filter(d => !d.lastElementChild.checkVisibility()).length"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests."""
    with browser(PROGRAM, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def page(report: Report, path: Path) -> Path:
    """The report as a file."""
    with path.open("w", encoding="utf-8") as out:
        renderer("html", payload=True).render(report, out)
    return path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An ordinary report with its packets, several captures, one of everything, nothing found, long names, hostile ones."""
    several = [CAPTURES / f"{name}.pcap" for name in ("silence-after-idle", "request-after-fin", "ipv6", "icmp-prohibited")]
    reports = {
        "detailed": pcapdiag.analyze(RESET).detailed().report,
        "several": pcapdiag.analyze(several, show_harmless=True).detailed().report,
        "everything": samples.everything(),
        "empty": samples.empty(),
        "long": samples.hostile("W" * 300),
        "hostile": samples.hostile("</style><script>document.title='owned'</script><img src=http://evil.example/x onerror=alert(1)>"),
    }
    folder = tmp_path_factory.mktemp("pages")
    return {name: page(report, folder / f"{name}.html") for name, report in reports.items()}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_a_page_fits_every_screen(chromium: Browser, width: int, dark: bool, pages: dict[str, Path]) -> None:
    """Nothing sticks out of the window, all text has contrast, nothing is loaded but the page, and the browser has no complaint."""
    for name, path in pages.items():
        chromium.open(path, width=width, dark=dark)
        assert chromium.evaluate("innerWidth") == width
        assert chromium.evaluate("document.documentElement.scrollWidth") <= width, name
        chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert chromium.evaluate("document.documentElement.scrollWidth") <= width, name
        assert chromium.evaluate(STICKING_OUT) == [], name
        assert chromium.evaluate(FAINT) == [], name
        assert chromium.complaints() == [], name
        assert chromium.requests() == [path.resolve().as_uri()], name
        assert chromium.evaluate("document.title") != "owned"
        ground = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")


def test_on_paper_everything_is_open(chromium: Browser, pages: dict[str, Path]) -> None:
    """What a reader could open on a screen is open on paper, where nobody can."""
    path = pages["detailed"]
    chromium.open(path, width=700)
    assert chromium.evaluate(HIDDEN) > 3
    chromium.open(path, width=700, dark=True, media="print")
    assert chromium.evaluate(HIDDEN) == 0
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_policy_holds(chromium: Browser, tmp_path: Path) -> None:
    """Were there a picture from the network or a script in the page after all, the page's own policy would refuse it."""
    path = page(samples.report(), tmp_path / "page.html")
    forged = path.read_text("utf-8").replace("</main>", "<img src='https://evil.example/x.png'></main>")
    path.write_text(forged, "utf-8")
    chromium.open(path, width=800)
    assert any("Content Security Policy" in complaint for complaint in chromium.complaints())


def test_a_filter_is_selected_at_once(chromium: Browser, tmp_path: Path) -> None:
    """One click selects a whole Wireshark filter."""
    chromium.open(page(samples.report(), tmp_path / "page.html"), width=800)
    assert chromium.evaluate("getComputedStyle(document.querySelector('.copy')).userSelect") == "all"
