"""The package as source code: its modules, what each imports, and what each calls, without importing any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pcapdiag"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module or name, absolute: ``pcapdiag.engine.types.Fin``. ``typing``: only for type checkers."""

    module: str
    name: str | None
    line: int
    typing: bool
    top: bool


@dataclass(frozen=True, eq=False)
class Module:
    """One source file. ``name`` is without ``pcapdiag.``: ``engine.types``; a package's own is ``engine``."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder, or the module itself where there is none."""
        return self.name.partition(".")[0]

    def at(self, line: int) -> str:
        """For messages: a place in the file."""
        return f"{self.path.relative_to(ROOT)}:{line}"

    def imports(self) -> Iterator[Import]:
        """Everything imported, wherever it stands."""
        yield from self._imports(self.tree.body, typing=False, top=True)

    def _imports(self, body: list[ast.stmt], typing: bool, top: bool) -> Iterator[Import]:
        for statement in body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    yield Import(alias.name, None, statement.lineno, typing, top)
            elif isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    yield Import(self._absolute(statement), alias.name, statement.lineno, typing, top)
            inside = not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
            guarded = typing or (isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test))
            yield from self._imports(_bodies(statement), guarded, top and inside)

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        package = ["pcapdiag", *self.name.split(".")]
        if self.path.name != "__init__.py":
            package.pop()
        package = package[: len(package) - statement.level + 1]
        return ".".join([*package, statement.module] if statement.module else package)


def _bodies(statement: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for field in ("body", "orelse", "finalbody"):
        found += getattr(statement, field, [])
    for handler in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        found += handler.body
    return found


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path))))
    return tuple(found)


@cache
def names() -> frozenset[str]:
    """The names of all modules, the compiled core's among them."""
    return frozenset(m.name for m in modules()) | {"engine.core"}


def inner(found: Import) -> str | None:
    """The module of the package that is imported, None for any other: ``engine.types``; ``__init__`` is the package."""
    module, _, rest = found.module.partition(".")
    if module != "pcapdiag":
        return None
    for candidate in (f"{rest}.{found.name}" if rest else found.name, rest):
        if candidate in names():
            return candidate
    return rest or "__init__"
