"""The server as a backend sees it: pipelining, errors, limits, signals, live writes."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import msgpack
import pytest
from conftest import gx


def some_member(store):
    return gx("centrality", store, "degree", "-n", "1", "--format", "csv").rows()[0]["user_id"]


def test_describe_lists_every_method_and_each_answers_to_its_table(shop, serve):
    rpc = serve(shop).connect()
    methods = {method["name"]: method for method in rpc.call("sys.describe")["methods"]}
    wanted = (
        "sys.ping sys.info sys.health sys.stats sys.auth sys.describe sys.hello user.put user.get item.put item.get group.put "
        "group.get member.put member.get tie.put tie.get event.put event.get rec.user rec.similar rec.explain graph.leaders "
        "graph.communities graph.community graph.centrality graph.ego model.list model.promote model.rollback job.start "
        "job.list job.get job.watch job.cancel"
    )
    for name in wanted.split():
        assert name in methods, name
    for name, method in methods.items():
        assert method["summary"] and method["scope"] and method["cost"]
        if name == "sys.hello":  # of a newer client
            assert rpc.call(name, {"no_such_parameter": 1})["ignored"] == ["no_such_parameter"]
            continue
        with pytest.raises(RuntimeError, match="no_such_parameter|there is no parameter"):
            rpc.call(name, {"no_such_parameter": 1})


def test_requests_may_be_pipelined(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    sent = {rpc.send("sys.ping") for _ in range(100)}
    got = set()
    for _ in range(100):
        kind, msgid, error, result = rpc.receive()
        assert kind == 1 and error is None and result["pong"]
        got.add(msgid)
    assert got == sent


def test_errors_are_strings_until_hello_asks_for_maps(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    with pytest.raises(RuntimeError) as caught:
        rpc.call("graph.ego", {"user": "nobody-by-that-name"})
    assert caught.value.args[0].startswith("NOT_FOUND: ") and "nobody-by-that-name" in caught.value.args[0]
    rpc.call("sys.hello", {"errors": "map"})
    with pytest.raises(RuntimeError) as caught:
        rpc.call("graph.ego", {"user": "nobody-by-that-name"})
    error = caught.value.args[0]
    assert error["name"] == "not_found" and error["retryable"] is False and "nobody" in error["message"]


def test_hello_tells_what_it_took_and_passes_by_what_it_does_not_know(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    told = rpc.call("sys.hello", {"errors": "map", "compress": "zstd", "progress": True, "tea": [1, {"a": None}]})
    assert told["errors"] == "map" and told["progress"] is True and sorted(told["ignored"]) == ["compress", "tea"]
    assert rpc.call("sys.hello")["ignored"] == []
    with pytest.raises(RuntimeError, match="errors.*smoke signals"):  # a value is not passed by
        rpc.call("sys.hello", {"errors": "smoke signals"})


class OldServer(threading.Thread):
    """Knows `errors` of sys.hello and nothing else, as servers were before call.progress."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.asked = []

    def answer(self, method, args):
        unknown = set(args) - {"errors"} if method == "sys.hello" else set()
        if unknown:
            return f"BAD_REQUEST: there is no parameter '{unknown.pop()}'; accepted are errors, client", None
        return None, {"pong": True} if method == "sys.ping" else {"errors": "map"}

    def run(self):
        peer, _ = self.listener.accept()
        frames = msgpack.Unpacker()
        while got := peer.recv(65536):
            frames.feed(got)
            for _, msgid, method, params in frames:
                args = params[0] if params else {}
                self.asked.append((method, args))
                peer.sendall(msgpack.packb([1, msgid, *self.answer(method, args)]))


@pytest.mark.parametrize("progress", ["json", "none"])
def test_a_client_that_shows_progress_gets_on_with_an_older_server(tmp_path, progress):
    server = OldServer(f"{tmp_path}/old.sock")
    server.start()
    assert gx("call", f"unix:{tmp_path}/old.sock", "sys.ping", "--progress", progress, "--format", "json").json()["pong"]
    hellos = [args for method, args in server.asked if method == "sys.hello"]
    assert hellos == [{"errors": "map", "progress": True}] * (progress == "json") + [{"errors": "map"}]


def test_notifications_are_taken_without_an_answer(shop, serve):
    rpc = serve(shop).connect()
    rpc.notify("user.put", {"users": [{"user_id": "quiet"}]})
    deadline = time.monotonic() + 10
    while "error" in rpc.call("user.get", {"users": ["quiet"]})["users"][0]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_event_changes_the_next_answer_without_a_rebuild(shop, serve):
    rpc = serve(shop).connect()
    user = some_member(shop)
    before = rpc.call("rec.user", {"users": [user], "n": 5})
    first = (before if isinstance(before, list) else before["lists"])[0]["items"]
    bought = first[0]["id"]
    event = {"event_id": "live-1", "user_id": user, "item_id": bought, "action": "buy", "ts": "2026-11-02T10:00:00Z"}
    assert rpc.call("event.put", {"events": [event]})["created"] == 1
    assert rpc.call("event.put", {"events": [event]})["created"] == 0
    after = rpc.call("rec.user", {"users": [user], "n": 5})
    entry = (after if isinstance(after, list) else after["lists"])[0]
    assert bought not in [item["id"] for item in entry["items"]]
    assert entry["rung"] == "fold_in"
    assert rpc.call("event.get", {"events": ["live-1"]})["events"][0]["item_id"] == bought


def test_a_hidden_item_vanishes_at_once(shop, serve):
    rpc = serve(shop).connect()
    user = some_member(shop)

    def ids():
        answer = rpc.call("rec.user", {"users": [user], "n": 10})
        return [item["id"] for item in (answer if isinstance(answer, list) else answer["lists"])[0]["items"]]

    gone = ids()[0]
    rpc.call("item.put", {"items": [{"item_id": gone, "status": "hidden"}]})
    assert gone not in ids()
    rpc.call("item.put", {"items": [{"item_id": gone, "status": "on", "stock": 5}]})
    assert gone in ids()


def test_a_bad_entry_undoes_its_call_alone(shop, serve):
    rpc = serve(shop).connect()
    before = rpc.call("sys.info")["events"]
    good = {"user_id": "u1", "item_id": "x1", "action": "buy", "ts": 1_790_000_000}
    numbers = [
        rpc.send("event.put", {"events": [dict(good, event_id="g1")]}),
        rpc.send("event.put", {"events": [dict(good, event_id="g2"), dict(good, event_id="g3", ts="never")]}),
        rpc.send("event.put", {"events": [dict(good, event_id="g4")]}),
    ]
    answers = {msgid: error for _, msgid, error, _ in (rpc.receive() for _ in numbers)}
    assert answers[numbers[0]] is None and answers[numbers[2]] is None
    assert "never" in answers[numbers[1]] and "ts" in answers[numbers[1]]
    assert rpc.call("sys.info")["events"] == before + 2


def test_what_was_told_as_written_survives_a_kill(shop, serve):
    server = serve(shop)
    rpc = server.connect()
    told = 0
    for i in range(200):
        rpc.call("tie.put", {"ties": [{"src": f"k{i}", "dst": f"k{i + 1}", "kind": "friend"}]})
        told += 1
    for i in range(200, 260):
        rpc.send("tie.put", {"ties": [{"src": f"k{i}", "dst": f"k{i + 1}", "kind": "friend"}]})
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    gx("check", shop)
    found = gx("ego", shop, "k100", "--format", "json").json()
    assert {row["user"] for row in found["members"]} == {"k99", "k100", "k101"}
    users = {row["user_id"] for row in gx("export", shop, "users", "--format", "csv").rows()}
    assert all(f"k{i}" in users for i in range(told + 1))


def test_a_second_writer_is_told_busy_and_readers_go_on(shop, serve, tmp_path):
    server = serve(shop)
    rpc = server.connect()
    rpc.call("user.put", {"users": [{"user_id": "w1"}]})
    file = tmp_path / "u.csv"
    file.write_text("user_id\nw2\n")
    result = gx("import", shop, file, code=None)
    assert result.code in (0, 5), result.err
    assert gx("status", shop, "--format", "json").json()["users"] >= 2001
    assert rpc.call("sys.ping")["pong"]
    gx("check", shop)


def test_jobs_run_report_and_cancel(shop, serve):
    rpc = serve(shop).connect()
    job = rpc.call("job.start", {"method": "model.build", "args": {}})["job"]
    deadline = time.monotonic() + 60
    while rpc.call("job.get", {"job": job})["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    done = rpc.call("job.get", {"job": job})
    assert done["state"] == "done" and done["result"]["snapshot"] == 2
    assert rpc.call("sys.info")["snapshot"] == 2
    assert [row["snapshot"] for row in rpc.call("model.list")["snapshots"]] == [2, 1]
    assert rpc.call("model.rollback")["snapshot"] == 1
    assert rpc.call("sys.info")["snapshot"] == 1
    assert rpc.call("model.promote", {"number": 2})["snapshot"] == 2
    slow = rpc.call(
        "job.start", {"method": "graph.run", "args": {"pass": "infomap", "params": {"trials": 50}}}
    )["job"]
    rpc.call("job.cancel", {"job": slow})
    deadline = time.monotonic() + 20
    while rpc.call("job.get", {"job": slow})["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert rpc.call("job.get", {"job": slow})["state"] == "cancelled"
    with pytest.raises(RuntimeError, match="short call"):
        rpc.call("job.start", {"method": "sys.ping"})


def test_a_watched_job_tells_how_far_it_is(shop, serve):
    server = serve(shop)
    rpc = server.connect()
    job = rpc.call(
        "job.start", {"method": "graph.run", "args": {"pass": "infomap", "params": {"trials": 50}}}
    )["job"]
    assert rpc.call("job.watch", {"job": job})["state"] == "running"
    gone = server.connect()
    gone.call("job.watch", {"job": job})
    gone.close()
    kind, method, params = rpc.receive()
    assert (kind, method) == (2, "job.progress")
    assert params[0].keys() == {"job", "method", "state", "stage", "done", "total"}
    assert params[0]["job"] == job and params[0]["method"] == "graph.run" and params[0]["state"] == "running"
    server.connect().call("job.cancel", {"job": job})
    while params[0]["state"] == "running":
        kind, method, params = rpc.receive()
        assert (kind, method, params[0]["job"]) == (2, "job.progress", job)
    assert params[0]["state"] == "cancelled"

    build = rpc.call("job.start", {"method": "model.build"})["job"]
    state = rpc.call("job.watch", {"job": build})["state"]
    while state == "running":
        kind, method, params = rpc.receive()
        assert (kind, method, params[0]["job"]) == (2, "job.progress", build)
        state = params[0]["state"]
    assert state == "done"
    assert rpc.call("job.get", {"job": build})["result"]["snapshot"] == 2
    with pytest.raises(RuntimeError, match="^NOT_FOUND: there is no job 99"):
        rpc.call("job.watch", {"job": 99})


def test_hangup_follows_a_new_snapshot_and_refuses_a_broken_one(shop, serve):
    server = serve(shop)
    rpc = server.connect()
    assert rpc.call("sys.info")["snapshot"] == 1
    models = shop / "models"
    good = (models / "CURRENT").read_text()
    broken = bytearray((models / "000001.safetensors").read_bytes())
    broken[-100] ^= 0xFF
    (models / "000002.safetensors").write_bytes(broken)
    (models / "CURRENT").write_text(good.replace("000001", "000002").replace("1\n", "2\n", 1))
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert rpc.call("sys.info")["snapshot"] == 1
    user = some_member_rpc(rpc)
    assert rpc.call("rec.user", {"users": [user], "n": 3})
    shutil.copy(models / "000001.safetensors", models / "000002.safetensors")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while rpc.call("sys.info")["snapshot"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def some_member_rpc(rpc):
    return rpc.call("graph.leaders", {"n": 1})["leaders"][0]["user"]


def test_terminate_drains(built_shop, serve):
    server = serve(built_shop, "--read-only")
    rpc = server.connect()
    sent = [rpc.send("graph.centrality", {"measure": "pagerank", "fresh": True, "n": 3}) for _ in range(5)]
    time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    assert {rpc.receive()[1] for _ in sent} == set(sent)
    assert server.process.wait(timeout=20) == 0
    assert not os.path.exists(server.unix[5:])


def test_a_second_signal_cancels_what_still_runs_and_says_so(built_shop, serve):
    server = serve(built_shop, "--read-only")
    rpc = server.connect()
    slow = rpc.send("graph.run", {"pass": "infomap", "params": {"trials": 1000}})
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    server.process.send_signal(signal.SIGTERM)
    kind, msgid, error, _ = rpc.receive()
    assert (kind, msgid) == (1, slow) and error.startswith("CANCELLED")
    assert server.process.wait(timeout=20) == 0


def test_deadlines_are_kept(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    with pytest.raises(RuntimeError, match="^DEADLINE"):
        rpc.call("graph.run", {"pass": "betweenness", "deadline_ms": 1})


HOSTILE = {
    "truncated": b"\x94\x00\x01\xa8sys.pi",
    "oversized": b"\x94\x00\x01\xa8sys.ping\x91\xdb\xff\xff\xff\xff",
    "lying array": b"\xdd\xff\xff\xff\xff\x00",
    "lying map": b"\x94\x00\x01\xa8sys.ping\x91\xdf\xff\xff\xff\xff",
    "deep": b"\x94\x00\x01\xa8sys.ping" + b"\x91" * 5000 + b"\xc0",
    "not a request": b"\xc0",
    "wrong kind": msgpack.packb([7, 1, "sys.ping", []]),
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "reserved": b"\xc1" * 10,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_client_costs_one_connection(built_shop, serve, name):
    server = serve(built_shop, "--read-only")
    good = server.connect()
    bad = server.connect(tcp=True)
    bad.socket.sendall(HOSTILE[name])
    if name == "truncated":
        bad.socket.shutdown(socket.SHUT_WR)
    assert good.call("sys.ping")["pong"]
    bad.socket.settimeout(15)
    try:
        while bad.socket.recv(4096):
            pass
    except (ConnectionError, TimeoutError) as caught:
        assert not isinstance(caught, TimeoutError), "the connection was not closed"
    assert good.call("sys.ping")["pong"]


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024


def test_a_hostile_crowd_costs_no_memory(built_shop, serve, long):
    import random

    server = serve(built_shop, "--read-only")
    good = server.connect()
    good.call("rec.user", {"users": ["u1"], "n": 3})
    rng = random.Random(5)
    for _ in range(50):
        server.connect().close()
    before = rss(server.process.pid)
    for round_ in range(5000 if long else 500):
        bad = server.connect()
        try:
            bad.socket.sendall(rng.choice(list(HOSTILE.values())) if round_ % 2 else rng.randbytes(rng.randrange(2000)))
        except OSError:
            pass
        bad.close()
        if round_ % 50 == 0:
            assert good.call("sys.ping")["pong"]
    time.sleep(0.5)
    assert rss(server.process.pid) - before < 2 << 20


def test_a_slow_client_holds_up_nobody(built_shop, serve):
    server = serve(built_shop, "--read-only")
    slow = server.connect()
    message = msgpack.packb([0, 1, "sys.ping", [{}]])
    good = server.connect()
    for byte in message[:-1]:
        slow.socket.sendall(bytes([byte]))
        assert good.call("sys.ping")["pong"]
    slow.socket.sendall(message[-1:])
    assert slow.receive()[3]["pong"]


def test_only_the_owner_may_speak_on_the_unix_socket(built_shop, serve):
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    server = serve(built_shop, "--read-only")
    os.chmod(os.path.dirname(server.unix[5:]), 0o755)
    code = (
        "import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
        f"try:\n  s.connect({server.unix[5:]!r}); s.sendall(b'\\x94\\x00\\x01\\xa8sys.ping\\x90'); d=s.recv(99)\n"
        "except OSError: d=b''\nsys.exit(0 if not d else 1)"
    )
    python = "/usr/bin/python3"  # one that anybody may run
    if not os.path.exists(python):
        pytest.skip("there is no /usr/bin/python3")
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", code], check=False)
    if done.returncode == 127:
        pytest.skip("there is no setpriv")
    assert done.returncode == 0
