"""Laws of access logs: what was written is read back; whatever else a file holds is counted, and never an error."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.flags import FLAGS
from pcapdiag.correlate.formats import DEFAULT, ISTIO
from tests.correlate.written import ISTIO_JSON, Request

ports = st.integers(1, 65535)
ends = st.one_of(
    st.builds("{}:{}".format, st.ip_addresses(v=4), ports),
    st.builds("[{}]:{}".format, st.ip_addresses(v=6), ports),
)
odd = st.sampled_from(
    ("-", "envoy://internal_client_address/", "envoy://connect_originate/10.0.0.1:80", "/var/run/app.sock", "10.0.0.1:0")
)
#: What clients choose: anything of one line. A value of "-" or nothing is what Envoy writes where there is none.
chosen = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40).filter(
    lambda text: text not in ("-", "") and text == text.strip()
)
hostile = st.one_of(chosen, st.lists(st.sampled_from(('" "', '"', " ", "-", "x", "10.0.0.1:80", "[")), min_size=2).map("".join))
words = st.text("abcXYZ019-_./:|", min_size=1, max_size=30).filter(lambda text: text != "-")
requests = st.builds(
    Request,
    start_ms=st.integers(946_684_800_000, 4_102_444_799_999),
    duration=st.one_of(st.just("-"), st.integers(0, 10**9).map(str)),
    method=st.sampled_from(("GET", "POST", "-")),
    path=words.map("/{}".format),
    protocol=st.sampled_from(("HTTP/1.1", "HTTP/2", "HTTP/3")),
    code=st.sampled_from(("500", "503", "504", "0")),
    flags=st.lists(st.sampled_from(sorted(FLAGS)), min_size=1, max_size=3, unique=True).map(",".join),
    details=words,
    failure=st.one_of(st.just("-"), st.just("TLS error: 268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER")),
    user_agent=chosen.filter(lambda text: '"' not in text),
    request_id=st.uuids().map(str),
    authority=words,
    upstream=ends,
    local=ends | odd,
    downstream=ends | odd,
    listener=ends,
    cluster=words,
    route=words,
)


def only(text: str, form: str | None = None) -> dict[str, object]:
    """The fields of the one failed request in a log of one line."""
    log = read_access_log([text + "\n"], "log", format=form)
    assert (log.requests, log.source.unread, log.source.skipped) == (1, 0, 0), log.source.why
    (line,) = log.failed
    return {name: getattr(line, name) for name in Request().logged}


@settings(max_examples=50)
@given(requests)
def test_istio_text_is_read_back(request: Request) -> None:
    """What Istio writes of a request is what is read."""
    assert only(request.text(ISTIO)) == request.logged


@settings(max_examples=50)
@given(requests, st.booleans(), st.randoms(use_true_random=False))
def test_istio_json_is_read_back(request: Request, typed: bool, random: object) -> None:
    """In any order of keys, as strings or typed, with more keys around them."""
    found = json.loads(request.json(typed=typed))
    keys = [*found, "kubernetes"]
    random.shuffle(keys)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert only(json.dumps({key: found.get(key, {"pod": "x"}) for key in keys})) == request.logged


@settings(max_examples=50)
@given(requests)
def test_default_text_is_read_back(request: Request) -> None:
    """Envoy's own format tells less, and that is read."""
    absent = {"details", "transport_failure", "cluster", "route", "local", "downstream", "listener"}
    want = {name: None if name in absent else value for name, value in request.logged.items()}
    assert only(request.text(DEFAULT)) == want


@pytest.mark.parametrize("time", [op for op in Request().operators if op.startswith("START_TIME")])
@settings(max_examples=15)
@given(request=requests, between=st.lists(st.sampled_from((" ", " | ", ";", "\t", "]{", " 100%% ")), min_size=5, max_size=5))
def test_formats_given_are_read_back(time: str, request: Request, between: list[str]) -> None:
    """Any format string, with any literals between its operators, and times in every way."""
    a, b, c, d, e = between
    form = f'%{time}%{a}%RESPONSE_CODE%{b}%RESPONSE_FLAGS_LONG%{c}"%REQ(USER-AGENT)%"{d}"%REQ(X-REQUEST-ID)%"{e}<%UPSTREAM_LOCAL_ADDRESS%>'
    found = only(request.text(form), form)
    for name in ("start", "code", "flags", "user_agent", "request_id", "local"):
        assert found[name] == request.logged[name]


@settings(max_examples=50)
@given(requests)
def test_custom_json_is_read_back(request: Request) -> None:
    """A json_format of one's own, given as it stands in the configuration."""
    form = {f"k{i}": value for i, value in enumerate(ISTIO_JSON.values())}
    assert only(request.json(form), json.dumps(form)) == request.logged


@settings(max_examples=50)
@given(requests, hostile, hostile)
def test_clients_cannot_hide_the_line_behind_their_words(request: Request, agent: str, forwarded: str) -> None:
    """Quotes and spaces in a user agent or X-Forwarded-For do not move the proxy's own fields."""
    request = replace(request, user_agent=agent, forwarded_for=forwarded)
    found = only(request.text(ISTIO))
    for name in set(found) - {"user_agent", "forwarded_for"}:
        assert found[name] == request.logged[name], name


lines = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200),
    requests.map(lambda r: r.text(ISTIO)),
    st.builds(lambda r, cut: r.text(ISTIO)[:cut], requests, st.integers(0, 300)),
    st.builds(lambda r, cut: r.json()[:cut], requests, st.integers(0, 300)),
    st.builds(lambda depth, key: '{"log":' * depth + key, st.integers(1, 3), st.sampled_from(('"x"', "1", '"{}"', "[" * 9000))),
)


@settings(max_examples=50)
@given(st.lists(lines, max_size=8), st.sampled_from((None, ISTIO, "json", "envoy", json.dumps(ISTIO_JSON))))
def test_every_line_has_one_fate(text: list[str | bytes], form: str | None) -> None:
    """Whatever the lines hold: lines are requests, skipped and unread; nothing is an error; failed requests are requests."""
    log = read_access_log(text, "log", format=form)
    source = log.source
    assert source.lines == len(text) == log.requests + source.skipped + source.unread
    assert len(log.failed) <= log.requests
    assert (source.first_unread is None) == (source.why is None) == (source.unread == 0)
    assert (log.span is None) == (log.requests == 0)


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_a_format_is_taken_or_refused(form: str) -> None:
    """Any text as a format: either logs are read by it, or ValueError says what is wrong with it."""
    try:
        read_access_log(["x"], "log", format=form)
    except ValueError as error:
        assert str(error)
