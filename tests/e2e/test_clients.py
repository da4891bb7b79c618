"""Unmodified third-party MessagePack-RPC clients: two of Python, one of Node, one of Go."""

import asyncio
import json
import os
import shutil
import subprocess

import pytest
from conftest import ROOT, gx

WORK = ROOT / "build" / "clients"


@pytest.fixture(scope="module")
def user(built_shop):
    return gx("centrality", built_shop, "degree", "-n", "1", "--format", "csv").rows()[0]["user_id"]


def expected_leaders(store):
    return [row["user"] for row in gx("leaders", store, "-n", "3", "--format", "json").json()["leaders"]]


def event(user, number):
    return {"event_id": f"client-{number}", "user_id": user, "item_id": "from-client", "action": "view", "ts": 1790000000}


def first_list(answer):
    return (answer if isinstance(answer, list) else answer["lists"])[0]


def test_aio_msgpack_rpc(shop, serve, user):
    aiomsgpackrpc = pytest.importorskip("aio_msgpack_rpc")
    server = serve(shop)

    async def main():
        client = aiomsgpackrpc.Client(*await asyncio.open_connection("127.0.0.1", server.port()))
        leaders = await client.call("graph.leaders", {"n": 3})
        lists = await client.call("rec.user", {"users": [user], "n": 4})
        put = await client.call("event.put", {"events": [event(user, 1)]})
        with pytest.raises(Exception, match="NOT_FOUND"):
            await client.call("graph.ego", {"user": "nobody"})
        client.close()
        return leaders, lists, put

    leaders, lists, put = asyncio.run(main())
    assert [row["user"] for row in leaders["leaders"]] == expected_leaders(shop)
    assert len(first_list(lists)["items"]) == 4 and put["created"] == 1


def test_pynvim(shop, serve, user):
    msgpack_rpc = pytest.importorskip("pynvim.msgpack_rpc")
    server = serve(shop)
    session = msgpack_rpc.tcp_session("127.0.0.1", server.port())
    leaders = session.request("graph.leaders", {"n": 3})
    lists = session.request("rec.user", {"users": [user], "n": 4})
    put = session.request("event.put", {"events": [event(user, 2)]})
    with pytest.raises(Exception):  # it shows the second entry of whatever the error is
        session.request("graph.ego", {"user": "nobody"})
    session.close()
    assert [row["user"] for row in leaders["leaders"]] == expected_leaders(shop)
    assert len(first_list(lists)["items"]) == 4 and put["created"] == 1


def run_client(command, folder, server, user, number):
    calls = {"leaders": {"n": 3}, "list": {"users": [user], "n": 4}, "put": {"events": [event(user, number)]}}
    done = subprocess.run(
        [*command, str(server.port()), json.dumps(calls)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_client(answer, shop):
    assert [row["user"] for row in answer["leaders"]["leaders"]] == expected_leaders(shop)
    assert len(first_list(answer["list"])["items"]) == 4
    assert answer["put"]["created"] == 1
    assert answer["error"].startswith("NOT_FOUND")


def test_node(shop, serve, user):
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("there is no Node.js here")
    folder = WORK / "node"
    shutil.copytree(ROOT / "tests/e2e/clients/node", folder, dirs_exist_ok=True)
    if not (folder / "node_modules").exists():
        done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=False)
        if done.returncode:
            pytest.skip("npm could not install the client")
    check_client(run_client(["node", "client.js"], folder, serve(shop), user, 3), shop)


def test_go(shop, serve, user):
    if not shutil.which("go"):
        pytest.skip("there is no Go here")
    folder = WORK / "go"
    shutil.copytree(ROOT / "tests/e2e/clients/go", folder, dirs_exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-o", "client", "."], cwd=folder, env={**os.environ, "GOFLAGS": "-mod=mod"}, check=False
    )
    if done.returncode:
        pytest.skip("go could not fetch the client")
    check_client(run_client([str(folder / "client")], folder, serve(shop), user, 4), shop)
