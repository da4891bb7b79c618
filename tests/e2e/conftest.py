"""What the end-to-end tests share: the program as a user runs it, a sample shop, a server on a Unix socket and on
loopback. GX_BIN names the program (script/test sets it)."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import msgpack
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("GX_BIN", str(ROOT / "build/release/bin/guanxi"))
DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="thousands of kills, full data sets")


@pytest.fixture(scope="session")
def long(request):
    return request.config.getoption("--long")


def need_data(*parts):
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"skipped: no data ({'/'.join(parts)})")
    return path


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def json(self):
        return json.loads(self.out)

    def rows(self):
        import csv
        import io

        return list(csv.DictReader(io.StringIO(self.out)))


def gx(*args, code=0, stdin=None, timeout=120, cwd=None, env=None):
    """Runs the program; fails the test unless it exits with `code` (None: any)."""
    done = subprocess.run(
        [BIN, *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
    )
    if code is not None:
        assert done.returncode == code, f"guanxi {' '.join(map(str, args))}: exit {done.returncode}\n{done.stderr}"
    return Result(done)


@pytest.fixture(scope="session")
def shop_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "data"
    gx("demo", folder)
    return folder


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory, shop_files):
    """A sample shop, imported and built; read it, or copy it before you write."""
    store = tmp_path_factory.mktemp("shop") / "shop.gx"
    gx("init", store)
    gx("import", store, shop_files)
    gx("build", store, "--check")
    return store


@pytest.fixture
def shop(tmp_path, built_shop):
    copy = tmp_path / "shop.gx"
    shutil.copytree(built_shop, copy)
    return copy


@pytest.fixture
def empty(tmp_path):
    store = tmp_path / "empty.gx"
    gx("init", store)
    return store


class Rpc:
    """A plain MessagePack-RPC connection, as the specification has it: no help from any library."""

    def __init__(self, address, timeout=30):
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address[5:])
        else:
            host, port = address.removeprefix("tcp:").rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.unpacker = msgpack.Unpacker(raw=False)
        self.last = 0

    def send(self, method, args=None):
        self.last += 1
        self.socket.sendall(msgpack.packb([0, self.last, method, [args or {}]]))
        return self.last

    def notify(self, method, args=None):
        self.socket.sendall(msgpack.packb([2, method, [args or {}]]))

    def receive(self):
        while True:
            for message in self.unpacker:
                return message
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the server closed the connection")
            self.unpacker.feed(data)

    def call(self, method, args=None):
        """Returns the result; raises RuntimeError with the server's error."""
        number = self.send(method, args)
        kind, msgid, error, result = self.receive()
        assert (kind, msgid) == (1, number)
        if error is not None:
            raise RuntimeError(error)
        return result

    def close(self):
        self.socket.close()


class Server:
    def __init__(self, store, *flags):
        self.folder = tempfile.mkdtemp(prefix="gx")
        self.unix = f"unix:{self.folder}/s"
        self.log = open(f"{self.folder}/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [BIN, "serve", str(store), "--listen", self.unix, "--listen", "tcp:127.0.0.1:0", *flags],
            stderr=self.log,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        self.tcp = None
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.text().splitlines():
                if line.startswith("listening on tcp:"):
                    self.tcp = line.removeprefix("listening on ")
            if self.tcp:
                with contextlib.suppress(OSError):
                    Rpc(self.unix).close()
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"the server did not start:\n{self.text()}")

    def text(self):
        with open(f"{self.folder}/log", encoding="utf-8") as log:
            return log.read()

    def connect(self, tcp=False):
        return Rpc(self.tcp if tcp else self.unix)

    def port(self):
        return int(self.tcp.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


@pytest.fixture
def serve():
    """serve(store, flags…) starts a server; all are stopped at the end, and must then exit with 0."""
    servers = []

    def start(store, *flags):
        server = Server(store, *flags)
        servers.append(server)
        return server

    yield start
    codes = []
    for server in servers:
        if server.process.poll() is None:
            codes.append((server.stop(), server.text()))
        shutil.rmtree(server.folder, ignore_errors=True)
    for code, text in codes:
        assert code == 0, text
