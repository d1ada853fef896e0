"""``pcapdiag plan``: the commands that collect what the diagnosis needs."""

from __future__ import annotations

import re

import click

from pcapdiag.cli.looks import color_option, colored, width
from pcapdiag.cli.main import DONE
from pcapdiag.cli.values import checked, duration, service
from pcapdiag.report.output import STDOUT, open_output

#: RFC 1123 names, as Kubernetes takes them.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def pod(text: str) -> str:
    """A pod, with its namespace if that is not ``default``: ``shop/checkout-7d9f``."""
    if not all(_NAME.fullmatch(part) for part in text.split("/")) or text.count("/") > 1:
        raise ValueError(f"{text!r} is no pod (write it like checkout-7d9f or shop/checkout-7d9f)")
    return text if "/" in text else f"default/{text}"


@click.command("plan", short_help="Print the commands that collect what the diagnosis needs.")
@click.option("--timeout", required=True, callback=checked(duration), metavar="DURATION",
              help="The idle timeout that is suspected, or how long connections idle before they fail: 350s, 15m.")  # fmt: skip
@click.option("--service", "at", required=True, callback=checked(service), metavar="ADDR:PORT",
              help="The server, as the client's connections have it.")  # fmt: skip
@click.option("--pod", "of", callback=checked(pod), metavar="[NAMESPACE/]POD", help="Run them in this pod, by kubectl debug.")
@click.option("--rate", type=click.IntRange(1, 10_000_000), default=1000, show_default=True, metavar="N",
              help="Packets a second that the ring of captures must bear.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(("terminal", "json")), default="terminal", show_default=True,
              help="How to print it.")  # fmt: skip
@color_option
def command(timeout: str, at: str, of: str | None, rate: int, format_: str, color: str) -> int:
    """Print the commands that collect what the diagnosis needs: access logs, captures, sockets, connection tracking.

    The ring of captures and the snapshots are sized to the timeout:

    \b
        pcapdiag plan --timeout 15m --service 10.0.0.1:443
        pcapdiag plan --timeout 350s --service 10.0.0.1:443 --pod shop/cart-7d9f
    """  # noqa: D301  # the backslash is click's mark: what follows is not wrapped
    from pcapdiag.advice.plan import Pod, plan
    from pcapdiag.durations import parse_duration
    from pcapdiag.report.plan import errand_lines
    from pcapdiag.report.terminal import canvas
    from pcapdiag.selection import parse_service

    errands = plan(parse_duration(timeout), parse_service(at), rate=rate, pod=Pod(*of.split("/")) if of else None)
    with open_output(STDOUT) as out:
        if format_ == "json":
            from pcapdiag.report.json_ import encode

            out.write(encode([errand._asdict() for errand in errands], 2) + "\n")
        else:
            out.writelines(f"{line}\n" for line in errand_lines(errands, canvas(out, width(), colored(color))))
    return DONE
