"""A real browser for tests: headless Chromium, spoken to over two pipes (the DevTools protocol), with scripts off and no network."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: What the program is called where.
NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One browser with one page. ``events`` are what it reported since the page was opened: console messages, errors, requests."""

    def __init__(self, out: int, back: int) -> None:
        self._out, self._back, self._buffer, self._id, self._session = out, back, b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def open(self, path: Path, *, width: int, height: int = 900, dark: bool = False, media: str = "") -> None:
        """Show a file in a window of that width; ``media`` "print" shows it as on paper."""
        if not self._session:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Network", "Log", "Runtime", "DOM"):
                self.call(f"{domain}.enable")
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._take()

    def evaluate(self, expression: str) -> Any:
        """What an expression of the tester's own says about the page, whose own scripts stay off."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12_000), "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def complaints(self) -> list[str]:
        """What the browser reported as wrong: messages on the console, exceptions, what the page's policy refused."""
        wrong = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Network.loadingFailed")
        return [json.dumps(event) for event in self.events if event["method"] in wrong]

    def requests(self) -> list[str]:
        """Everything that was asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result."""
        self._id += 1
        message: dict[str, Any] = {"id": self._id, "method": method, "params": params}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._take()).get("id") != self._id:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _take(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._back, 1 << 16)
            assert data, "the browser has ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """A browser while the block runs; its profile is thrown away with ``profile``."""
    to_it, out = _pipe()
    back, from_it = _pipe()
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
               "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}"]  # fmt: skip
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    # It reads commands from descriptor 3 and writes to 4.
    ends = [(os.POSIX_SPAWN_DUP2, to_it, 3), (os.POSIX_SPAWN_DUP2, from_it, 4)]
    pid = os.posix_spawnp(program, command, os.environ, file_actions=[*quiet, *ends])
    os.close(to_it)
    os.close(from_it)
    try:
        yield Browser(out, back)
    finally:
        os.close(out)  # with its last reader gone, it ends by itself
        os.waitpid(pid, 0)
        os.close(back)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are out of the way of descriptors 3 and 4."""
    ends = os.pipe()
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in ends]
    for fd in ends:
        os.close(fd)
    return moved[0], moved[1]
