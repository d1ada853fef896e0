"""The rooms of the design, proved from the code: imports point down the list only, guests stay in their rooms."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest

from tests.architecture.code import ROOT, Module, inner, modules, names

#: Each room in the order of the design, and what of the rooms above it it may import.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "version": (),
    "durations": (),
    "writing": (),
    "conversation": ("durations", "writing"),
    "capture": (),
    "engine": (),
    "rules": ("engine.types", "durations"),
    "knowledge": (),
    # the bounds of the engine's histogram are a fact about its types; they stand where these are made
    "inference": ("engine.types", "engine.objects", "durations", "knowledge"),
    "advice": ("engine.types", "inference", "knowledge", "durations"),
    "correlate": ("engine.types", "rules.types", "durations"),
    "report": ("engine.types", "rules", "inference", "advice", "correlate", "knowledge", "durations", "version",
               "writing"),
    "anonymize": ("engine.types", "rules.types", "advice", "correlate", "knowledge.timeouts", "report"),
    "sources": ("capture", "correlate"),
    "selection": ("engine.types",),
    "reading": ("capture", "engine"),
    "points": ("capture", "engine", "reading", "report.model"),
    "excerpts": ("capture", "engine", "points", "reading", "report"),
    "impact": ("capture", "engine", "rules.types", "correlate", "points", "reading"),
    "endings": ("engine", "report.model"),
    "results": ("capture", "engine", "rules", "inference", "advice", "correlate", "report", "selection", "excerpts", "impact",
                "endings", "reading", "durations"),
    "losses": ("engine.types", "rules", "inference"),
    "verdicts": ("engine.types", "rules", "inference", "report.model", "report.times", "selection", "losses", "durations"),
    "joining": ("capture.errors", "correlate", "engine.types", "report.model", "rules.types", "sources"),
    "analyze": ("capture", "engine", "rules", "inference", "advice", "correlate", "report", "selection", "reading",
                "points", "results", "verdicts", "endings", "joining", "durations", "version"),
    "why": ("capture", "engine", "rules", "report", "points", "reading", "durations"),
    "verification": ("analyze", "engine.types", "inference", "report", "results", "selection", "durations"),
    "tracks": ("engine", "correlate", "points", "reading"),
    "comparison": ("capture.errors", "capture", "analyze", "correlate", "report", "rules.types", "rules.signals", "durations",
                   "reading", "tracks"),
    "ticket": ("report",),
    "__init__": ("capture", "analyze", "verification", "why", "comparison", "results", "version"),
    "lab": ("durations",),
    "cli": ("capture.errors", "correlate", "sources", "conversation", "lab", "rules.types", "rules.catalogue", "inference.types",
            "report", "selection", "analyze", "verification", "inference.verification", "comparison", "why", "ticket",
            "anonymize", "advice", "knowledge", "durations", "version", "joining", "__init__"),
    "__main__": ("cli",),
}  # fmt: skip

#: Each guest and the modules that may import it; a name with a dot at its end is a whole room.
GUESTS: dict[str, tuple[str, ...]] = {
    "pandas": ("report.frames", "results"),  # results: for type checkers alone, tested below
    "numpy": ("report.frames",),
    "matplotlib": ("report.timeline", "results"),  # results: as for pandas
    "dpkt": ("report.pcapng", "rules.payload", "lab."),
    "scapy": ("conversation.packets", "report.scapy_", "results", "lab."),  # results: as for pandas
    "rich": ("report.text", "cli."),
    "click": ("cli.",),
    "isal": ("capture.decoders",),
    "zstandard": ("capture.decoders",),
    "lz4": ("capture.decoders",),
}

#: What is pure: fed, never fetching. Only these modules of those rooms touch the world.
PURE = ("engine", "rules", "knowledge", "inference", "advice", "correlate", "report", "selection", "durations", "conversation",
        "writing", "anonymize")
WORLDLY = ("report.output", "report.folder")
FETCHING = {"os", "io", "sys", "socket", "subprocess", "threading", "multiprocessing", "asyncio", "random", "secrets",
            "tempfile", "pathlib", "shutil", "logging", "signal", "select", "mmap"}  # fmt: skip
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns", "sleep", "localtime", "now",
          "utcnow", "today"}  # fmt: skip

each = pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)


def within(name: str, allowed: tuple[str, ...]) -> bool:
    """Is ``name`` one of these, or inside one of them?"""
    return any(name == a.rstrip(".") or name.startswith(a.rstrip(".") + ".") for a in allowed)


def test_the_list_points_down() -> None:
    """The table above allows nothing that comes below it, and knows every folder and module there is."""
    order = list(MAY_IMPORT)
    for room, allowed in MAY_IMPORT.items():
        for other in allowed:
            assert order.index(other.partition(".")[0]) < order.index(room), f"{room} may not import {other}"
    assert {m.room for m in modules()} <= set(order)


@each
def test_imports_point_down(module: Module) -> None:
    """A module imports its own room and what its room may import, and no other's private names."""
    for found in module.imports():
        target = inner(found)
        if target is None:
            continue
        own = target.partition(".")[0] == module.room
        assert own or within(target, MAY_IMPORT[module.room]), f"{module.at(found.line)}: {module.room} imports {target}"
        assert own or not (found.name or "").startswith("_"), f"{module.at(found.line)}: {found.name} is private"


def test_no_module_needs_itself() -> None:
    """No chain of imports, those for type checkers apart, leads back to where it began."""
    needs = {m.name: {inner(i) for i in m.imports() if not i.typing and i.top} & names() - {m.name} for m in modules()}
    done: set[str] = set()

    def visit(name: str, chain: tuple[str, ...]) -> None:
        assert name not in chain, " -> ".join((*chain, name))
        if name not in done:
            for other in sorted(needs.get(name, ())):
                visit(other, (*chain, name))
            done.add(name)

    for name in needs:
        visit(name, ())


@each
def test_guests_stay_in_their_rooms(module: Module) -> None:
    """Every import is of the standard library, of the package, or of a guest in a room of its own."""
    for found in module.imports():
        top = found.module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "pcapdiag" or found.module == "":
            continue
        assert top in GUESTS, f"{module.at(found.line)}: {top} is no known guest"
        assert within(module.name, GUESTS[top]), f"{module.at(found.line)}: {top} is no guest here"
        assert module.name != "results" or found.typing, f"{module.at(found.line)}: loads {top}"


@each
def test_guests_are_not_smuggled_in(module: Module) -> None:
    """Nor is one imported by its name as a string, by a module that imports so, anywhere else."""
    if not re.search(r"\b(import_module|__import__)\b", ast.unparse(module.tree)):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.]+", node.value):
            top = node.value.partition(".")[0]
            assert top not in GUESTS or within(module.name, GUESTS[top]), f"{module.at(node.lineno)}: {node.value!r}"


def test_guests_are_declared() -> None:
    """Each guest that some module imports is a dependency in pyproject.toml, as are the tools named there known."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    declared = {re.split(r"[\[<>=~!; ]", name)[0].lower() for name in told}
    used = {found.module.partition(".")[0] for m in modules() for found in m.imports()} & set(GUESTS)
    assert used - {"numpy"} <= declared  # numpy comes with pandas, and is asked for only where pandas is


@each
def test_the_middle_is_pure(module: Module) -> None:
    """Between capture and output nothing fetches: no files, no clock, no chance, no environment."""
    if module.room not in PURE or module.name in WORLDLY:
        return
    for found in module.imports():
        memory = found.module == "io" and found.name in ("BytesIO", "StringIO")  # a file that is none
        assert memory or found.module.partition(".")[0] not in FETCHING, f"{module.at(found.line)}: imports {found.module}"
        clock = found.module == "time" and (found.name is None or found.name in CLOCKS)
        assert not clock, f"{module.at(found.line)}: reads a clock"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "input", "exec", "eval"}, f"{module.at(node.lineno)}: {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, f"{module.at(node.lineno)}: {ast.unparse(node.func)}()"


@each
def test_only_the_command_prints(module: Module) -> None:
    """No library room prints, or writes to a standard stream: the command does, and the owner of the output."""
    if module.room in ("cli", "lab", "__main__"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            assert node.id != "print", f"{module.at(node.lineno)}: print"
        if isinstance(node, ast.Attribute) and module.name not in WORLDLY:
            named = isinstance(node.value, ast.Name) and node.value.id == "sys" and node.attr in ("stdout", "stderr")
            assert not named, f"{module.at(node.lineno)}: sys.{node.attr}"
