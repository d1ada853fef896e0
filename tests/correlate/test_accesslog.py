"""Access logs as people have them: real lines, what stands around them, and what cannot be read."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.counting import LONGEST
from pcapdiag.correlate.flags import FLAGS, failed, meaning
from pcapdiag.correlate.formats import DEFAULT, ISTIO, OLDER
from pcapdiag.correlate.types import AccessLog, Logged, Side
from pcapdiag.engine.types import Endpoint
from pcapdiag.sources import access_log
from tests.correlate.written import Request
from tests.end_to_end.shipped import ROOT

LINE = Request().text(ISTIO)
#: From istio/istio#51619: a timeout in between, and the inbound side, whose upstream address is on no wire.
INBOUND = (
    '[2024-06-18T10:19:42.614Z] "POST /v1/... HTTP/1.1" 503 UC upstream_reset_before_response_started{connection_termination} - "-" '
    '138 95 120001 - "-" "-" "ed37e325-1a4e-9827-b994-1a3317bcc0b1" "internal-api:8080" "10.34.127.167:8080" inbound|8080|| '
    "127.0.0.6:58719 10.34.127.167:8080 10.34.126.119:57080 outbound_.8080_._.internal-api.default.svc.cluster.local default"
)
#: Envoy's documentation of its default format.
DEFAULT_LINE = (
    '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" '
    '"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"'
)
#: Istio's documentation, 1.1 and 1.4.
ISTIO_1_1 = (
    '[2019-03-06T09:31:27.354Z] "GET /status/418 HTTP/1.1" 418 - "-" 0 135 11 10 "-" "curl/7.60.0" '
    '"d209e46f-9ed5-9b61-bbdd-43e22662702a" "httpbin:8000" "127.0.0.1:80" inbound|8000|http|httpbin.default.svc.cluster.local - '
    "172.30.146.73:80 172.30.146.82:38618 outbound_.8000_._.httpbin.default.svc.cluster.local"
)
ISTIO_1_4 = ISTIO_1_1.replace('418 - "-" 0', '418 - "-" "-" 0') + " default"
TCP = '[2024-06-18T10:19:42.614Z] "- - -" 0 {} - - "-" 517 4242 31000 - "-" "-" "-" "-" "10.0.0.7:5432" outbound|5432||db 10.0.1.2:41000 10.96.0.9:5432 10.0.1.2:40998 - -'


def read(*lines: str | bytes, **options: object) -> AccessLog:
    """A log of these lines."""
    return read_access_log(lines, "log", **options)  # type: ignore[arg-type]  # passed on as they are


def one(line: str | bytes, **options: object) -> Logged:
    """The one request of a log, asked for by its id or failed."""
    log = read(line, **options)
    assert (log.requests, log.source.unread) == (1, 0), log.source.why
    (found,) = log.failed
    return found


def test_the_shipped_logs_say_where_the_requests_were_lost() -> None:
    """The sidecar has four requests that failed with UC, each with its 4-tuple; the gateway has lines for all others, and none
    of these."""
    sidecar = access_log(str(ROOT / "captures/full-chain.sidecar.log"), Side.CLIENT)
    assert (sidecar.requests, len(sidecar.failed), sidecar.source.format) == (31, 4, "Istio text")
    ids = frozenset(line.request_id or "" for line in sidecar.failed)
    gateway = access_log(str(ROOT / "captures/full-chain.gateway.log"), Side.SERVER, wanted=ids)
    assert (gateway.requests, gateway.failed, gateway.present) == (27, (), {})
    assert sidecar.span is not None
    assert gateway.span is not None
    assert sidecar.span[0] < gateway.span[0] < gateway.span[1] < sidecar.span[1] + 10**9
    for line in sidecar.failed:
        assert (line.code, line.flags, line.duration, line.upstream) == (503, ("UC",), 0, Endpoint("198.51.100.80", 80))
        assert line.local is not None
        assert line.local.address == "10.1.0.1"


def test_requests_that_are_asked_for_are_kept() -> None:
    """By their id, on every line they are met on, whether or not they failed; others are counted."""
    good = Request(code="200", flags="-", details="via_upstream", request_id="wanted")
    log = read(*[r.text(ISTIO) for r in (good, replace(good, request_id="other"), good)], wanted=frozenset(("wanted", "never")))
    assert {name: [line.line for line in lines] for name, lines in log.present.items()} == {"wanted": [1, 3]}
    assert (log.requests, log.failed) == (3, ())


def test_an_inbound_line_of_a_timeout() -> None:
    """The addresses are given as they are logged; that this one is loopback is for whoever joins it to see."""
    line = one(INBOUND)
    assert (line.local, line.upstream) == (Endpoint("127.0.0.6", 58719), Endpoint("10.34.127.167", 8080))
    assert line.duration == 120_001_000_000
    assert line.end - line.start == line.duration
    assert (line.cluster, line.route, line.forwarded_for, line.user_agent) == ("inbound|8080||", "default", None, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DEFAULT_LINE, "Envoy text"),
        (ISTIO_1_1, "Istio text, before 1.9"),
        (ISTIO_1_4, "Istio text, before 1.9"),
        (INBOUND, "Istio text"),
    ],
)
def test_formats_are_known_by_their_lines(text: str, name: str) -> None:
    """Each format by itself, and several in one file."""
    log = read(text, wanted=frozenset(("cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2",)))
    assert (log.requests, log.source.format) == (1, name)
    assert set(read(LINE, text, LINE).source.format.split(", ")) >= {"Istio text"}
    assert read(LINE, text, LINE).requests == 3


def test_the_upstream_of_the_default_format() -> None:
    """It may be written as a URL; there is no other address in a line."""
    line = read(DEFAULT_LINE.replace(" 204 - ", " 503 UF,URX ")).failed[0]
    assert (line.upstream, line.local, line.flags) == (Endpoint("10.0.2.1", 80), None, ("UF", "URX"))


@pytest.mark.parametrize("form", [ISTIO, *OLDER, DEFAULT])
def test_every_version_has_the_same_request(form: str) -> None:
    """The fields that all versions have are read alike."""
    line = one(Request().text(form))
    assert (line.code, line.flags, line.path, line.upstream) == (503, ("UC",), "/orders/17", Endpoint("198.51.100.80", 80))
    assert line.request_id == Request().request_id
    assert line.local == (None if form == DEFAULT else Endpoint("10.1.0.1", 37456))


@pytest.mark.parametrize(
    "front",
    [
        "2026-11-25T05:27:37.155123456Z ",
        "2026-11-25T05:27:37.155123456+01:00 stdout F ",
        "[pod/shop-7c9/istio-proxy] ",
        "[pod/shop-7c9/istio-proxy] 2026-11-25T05:27:37.155123456Z ",
        "shop-7c9 istio-proxy ",
        "istio-proxy  | ",
        "\x1b[36mistio-proxy |\x1b[0m ",
        "\ufeff",
    ],
)
@pytest.mark.parametrize("kind", ["text", "json"])
def test_what_collectors_put_in_front(front: str, kind: str) -> None:
    """kubectl, stern, containerd and compose put times and names in front of each line."""
    line = front + (LINE if kind == "text" else Request().json())
    assert one(line).request_id == Request().request_id


def test_envoy_gateway_json() -> None:
    """Its keys are names of headers; a proxied TCP connection has null for all that is HTTP's."""
    found = {
        "start_time": "2025-04-09T11:44:45.639Z", "method": "GET", "x-envoy-origin-path": "/v1", "protocol": "HTTP/1.1",
        "response_code": 503, "response_flags": "UC", "duration": 1, "x-request-id": "ab1e4da7", ":authority": "shop.example",
        "upstream_host": "10.244.0.13:3000", "upstream_local_address": "10.244.0.14:58822", "user-agent": "curl/7.88.1",
        "x-forwarded-for": "10.244.0.12", "upstream_transport_failure_reason": None,
    }  # fmt: skip
    line = one(json.dumps(found))
    assert (line.path, line.request_id, line.authority, line.user_agent) == ("/v1", "ab1e4da7", "shop.example", "curl/7.88.1")
    assert (line.local, line.upstream) == (Endpoint("10.244.0.14", 58822), Endpoint("10.244.0.13", 3000))
    tcp = {**found, "method": None, "protocol": None, "response_code": 0, "response_flags": "-"}
    assert read(json.dumps(tcp)).failed == ()


def test_lines_inside_of_json() -> None:
    """Docker's json-file and collectors wrap the line in an object."""
    assert one(json.dumps({"log": LINE + "\n", "stream": "stdout", "time": "2026-11-25T05:27:37Z"})).flags == ("UC",)
    assert one(json.dumps({"kubernetes": {}, "message": Request().json()})).flags == ("UC",)


def test_other_logs_in_between() -> None:
    """Envoy's own log, the agent's, empty lines and the application's objects are skipped, not unread."""
    log = read(
        "2026-11-25T05:27:37.155123Z\tinfo\txdsproxy\tconnected to upstream XDS server: istiod:15012\n",
        "[2026-11-25 05:27:37.155][15][warning][config] [external/envoy/source/x.cc:1] gRPC config stream closed\n",
        "2026-11-25T05:27:37.155123456Z stdout F [2026-11-25 05:27:37.155][15][warning][config] closed\n",
        '{"level":"info","msg":"order 17 placed"}\n',
        "\r\n",
        LINE + "\r\n",
    )
    assert (log.requests, log.source.skipped, log.source.unread) == (1, 5, 0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("172.17.0.1 - - [25/Nov/2026:05:27:37 +0000] GET / HTTP/1.1 200 612", "not a line of an access log that is known"),
        (LINE[:200], "begins like an access log and goes on otherwise"),
        (re.sub(r"T..:..:", "T25:61:", LINE), "no time that can be read: '2026-06-21T25:61"),
        (Request().json()[:150], "no JSON, though it begins like an object"),
        ('{"start_time":"yesterday","response_code":503}', "no time that can be read: 'yesterday'"),
        (LINE + "x" * LONGEST, f"a line of more than {LONGEST} characters"),
    ],
)
def test_what_cannot_be_read_is_counted_and_said(line: str, why: str) -> None:
    """The first such line and the reason are kept; nothing around it is lost."""
    log = read(LINE, line, line, LINE)
    assert (log.requests, log.source.unread, log.source.first_unread) == (2, 2, 2)
    assert log.source.why is not None
    assert log.source.why.startswith(why)


def test_a_line_that_breaks_off_is_said_to() -> None:
    """A log copied while it was written ends within a line."""
    assert read(LINE + "\n", LINE[:99]).source.why == "begins like an access log and goes on otherwise (the line breaks off)"


@pytest.mark.parametrize(
    "address",
    ["envoy://internal_client_address/", "envoy://connect_originate/10.0.0.1:80", "/run/app.sock", "10.0.0.1:0", "unix://@x"],
)
def test_addresses_that_are_on_no_wire(address: str) -> None:
    """Ambient's internal listeners, pipes, and port 0 (a client known from a header) are no endpoints; their text is kept."""
    line = one(Request(local=address, downstream=address).text(ISTIO))
    assert (line.local, line.downstream) == (None, None)
    assert line.odd == {"local": address, "downstream": address}


def test_addresses_are_those_of_the_packets() -> None:
    """A mapped address is IPv4 on the wire, IPv6 stands in brackets, zones are left out."""
    line = one(
        Request(upstream="[2001:DB8::0:1]:443", local="[::ffff:10.1.0.1]:37456", downstream="[fe80::1%eth0]:9").text(ISTIO)
    )
    assert (line.upstream, line.local, line.downstream) == (
        Endpoint("2001:db8::1", 443),
        Endpoint("10.1.0.1", 37456),
        Endpoint("fe80::1", 9),
    )


def test_the_physical_client_is_preferred() -> None:
    """Where the peer's own address is logged, the one from a header is not taken for it."""
    form = "%START_TIME% %RESPONSE_CODE% %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"
    assert one("2026-11-25T05:27:37.155Z 500 203.0.113.9:0 10.0.0.9:4711", format=form).downstream == Endpoint("10.0.0.9", 4711)


def test_a_proxied_tcp_connection_is_not_failed_for_having_no_code() -> None:
    """It has code 0 always; a flag tells whether it failed."""
    assert read(TCP.format("-")).failed == ()
    assert read(TCP.format("-")).requests == 1
    for flag in ("UF", "UC", "DC", "NR"):
        assert one(TCP.format(flag)).flags == (flag,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code": "200", "flags": "-", "details": "via_upstream"}, False),
        ({"code": "404", "flags": "NR", "details": "route_not_found"}, False),
        ({"code": "504", "flags": "UT", "details": "upstream_response_timeout"}, True),
        ({"code": "0", "flags": "-", "details": "-"}, True),
        ({"code": "200", "flags": "DC", "details": "downstream_remote_disconnect"}, True),
        ({"code": "200", "flags": "-", "details": "upstream_reset_after_response_started{connection_termination}"}, True),
        ({"code": "429", "flags": "RL", "details": "request_rate_limited"}, False),
        ({"code": "200", "flags": "XX", "details": "via_upstream"}, False),
    ],
)
def test_what_counts_as_failed(change: dict[str, str], expected: bool) -> None:
    """Connection failures, codes from 500 on, and none at all; not what a proxy refused on purpose."""
    log = read(Request(**change).text(ISTIO), wanted=frozenset((Request().request_id,)))  # type: ignore[arg-type]  # its fields are text
    ((line,),) = log.present.values()
    assert failed(line) == expected == bool(log.failed)


def test_flags_are_explained() -> None:
    """Every flag has a sentence of its own; unknown ones are given as they are."""
    assert len({flag.says for flag in FLAGS.values()}) == len(FLAGS) == 30
    assert meaning(("UC", "NEW")) == "UC: the connection to the upstream ended before the response; NEW"


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("nginx", "%START_TIME% is missing"),
        ("%START_TIME%", "failures cannot be told"),
        ("[%START_TIME%] %RESPONSE_CODE% 100%", "no command operator at '%'"),
        ("%START_TIME(%Q)% %RESPONSE_CODE%", "not known"),
        ("{not json", "no JSON"),
        ('{"a": 1}', "%START_TIME% is missing"),
    ],
)
def test_formats_that_cannot_be_used(form: str, why: str) -> None:
    """Each is refused before any line is read, with what is wrong with it."""
    with pytest.raises(ValueError, match=why):
        read(LINE, format=form)


def test_a_format_as_it_stands_in_yaml() -> None:
    r"""With its ``\n`` and escaped quotes, as people copy it from a mesh's configuration."""
    assert one(LINE, format=ISTIO.replace('"', '\\"') + "\\n").flags == ("UC",)
    assert one(LINE, format="istio").flags == ("UC",)
    assert read(LINE, format="envoy").source.why == "not of the format that was given"


def test_times_without_a_zone_are_said_to_be_read_as_utc() -> None:
    """A note, once; a zone that is several zones' name is not guessed."""
    form = "%START_TIME(%Y-%m-%d %H:%M:%S)% %RESPONSE_CODE%"
    log = read("2026-11-25 05:27:37 503", "2026-11-25 05:27:38 503", format=form)
    assert log.source.notes == ("times without a zone were read as UTC",)
    assert [line.resolution for line in log.failed] == [10**9, 10**9]
    zoned = form.replace("%S)", "%S %Z)")
    assert read("2026-11-25 05:27:37 IST 503", format=zoned).source.unread == 1


def test_no_line_takes_long() -> None:
    """Lines made to be taken apart in very many ways are given up, in a bounded number of trials."""
    agent = '" "' * 20_000
    log = read(LINE.replace('"shop/2.4"', f'"{agent}"')[:-8], LINE.replace(" 503 ", " 503  ") + " " * 50_000, LINE)
    assert log.requests >= 1
    assert log.requests + log.source.unread == 3
