"""Cures in the application: clients of databases."""

from __future__ import annotations

from pcapdiag.advice.recipe import CLIENT_CHECK, NO_PAYLOAD, PING_CHECK, Draft, Recipe
from pcapdiag.advice.types import Effect, Place

_CONNINFO = "host=$host port=$port keepalives=1 keepalives_idle=$time keepalives_interval=$interval keepalives_count=$probes\n"
_URI = "postgresql://$authority/?keepalives=1&keepalives_idle=$time&keepalives_interval=$interval&keepalives_count=$probes\n"
_HIKARI = """\
keepaliveTime=$ping_ms
"""
_JDBC = """\
jdbc:postgresql://$authority/?tcpKeepAlive=true
"""

RECIPES = (
    Recipe(
        id="libpq",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="PostgreSQL: keepalives of libpq (psql, psycopg, and all that uses it)",
        applies="The service is PostgreSQL, or a pooler before it, and the client uses libpq.",
        limits="Keepalives are on by default, with the kernel's two hours: keepalives_idle is what matters. " + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("text", "connection string", _CONNINFO), Draft("text", "or as a URI", _URI)),
    ),
    Recipe(
        id="jdbc",
        place=Place.APPLICATION,
        effect=Effect.KEEPALIVE,
        title="PostgreSQL: tcpKeepAlive of the JDBC driver, with the kernel's time",
        applies="The service is PostgreSQL and the client uses its JDBC driver, where tcpKeepAlive is off by default.",
        limits="The URL only turns probes on; their time is the kernel's, two hours unless it is changed: set the sysctls as "
        "well (see sysctl and pod-sysctls). MySQL's Connector/J has tcpKeepAlive on by default, and needs the sysctls just so. "
        + NO_PAYLOAD,
        check=CLIENT_CHECK,
        drafts=(Draft("text", "JDBC URL", _JDBC),),
    ),
    Recipe(
        id="hikari",
        place=Place.APPLICATION,
        effect=Effect.PING,
        least=30,
        title="HikariCP: keepaliveTime",
        applies="The client is a pool of database connections. It asks the database something on each idle connection, which "
        "timers that count payload see as well. Needs a HikariCP that has the property.",
        limits="HikariCP takes no less than 30 s, and it must be less than maxLifetime, which is 30 min unless it is set: set "
        "this or hikari-idle, not both. A connection that waits for its answer "
        "is not idle to the pool: for that set a TCP keepalive.",
        check=PING_CHECK,
        drafts=(Draft("ini", "pool properties", _HIKARI),),
    ),
)
