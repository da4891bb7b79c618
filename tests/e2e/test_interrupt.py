"""Long calls of a server, as who waits for them sees it: Ctrl-C ends them at once here and there, and any may be a job."""

import json
import signal
import subprocess
import time

import pytest
from conftest import BIN, gx

# Each takes many times as long as the test waits, and is told so by nothing but its cancel.
LONG = {
    "seeds": ("seed.select", ["seeds", "{target}", "-k", "50", "--sets", "20000000"]),
    "simulate": ("seed.simulate", ["simulate", "{target}", "{user}", "--runs", "10000000"]),
    "call": ("seed.select", ["call", "{target}", "seed.select", '{"k": 50, "sets": 20000000}']),
    "run": ("graph.run", ["run", "{target}", "infomap", "--trials", "1000"]),
}


def calls_of(rpc, method):
    rows = rpc.call("sys.stats")["server"]["methods"]
    return next(((row["calls"], row["errors"]) for row in rows if row["method"] == method), (0, 0))


def wait_for(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", LONG)
def test_one_signal_ends_a_call_to_a_server(built_shop, serve, verb, how):
    server = serve(built_shop, "--read-only")
    rpc = server.connect()
    user = rpc.call("graph.leaders", {"n": 1})["leaders"][0]["user"]
    method, words = LONG[verb]
    words = [{"{target}": server.unix, "{user}": user}.get(word, word) for word in words]
    process = subprocess.Popen([BIN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        assert process.poll() is None, process.stderr.read()
        process.send_signal(how)
        out, err = process.communicate(timeout=3)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 130, err
    assert out == "" and "interrupted" in err
    wait_for(lambda: calls_of(rpc, method) == (1, 1))  # the server has given it up too


def test_one_signal_ends_the_wait_for_a_greeting(built_shop, serve):
    server = serve(built_shop, "--read-only")
    server.process.send_signal(signal.SIGSTOP)
    try:
        process = subprocess.Popen([BIN, "status", server.unix], stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=3)
        assert process.returncode == 130, err
    finally:
        server.process.send_signal(signal.SIGCONT)


JOBS = {
    "seed.select": {"k": 50, "sets": 20_000_000},
    "seed.simulate": {"seeds": ["u1"], "runs": 10_000_000},
}


@pytest.mark.parametrize("method", JOBS)
def test_what_is_long_by_nature_may_be_a_job(built_shop, serve, method):
    server = serve(built_shop, "--read-only")
    rpc = server.connect()
    args = dict(JOBS[method])
    if "seeds" in args:
        args["seeds"] = [rpc.call("graph.leaders", {"n": 1})["leaders"][0]["user"]]
    job = rpc.call("job.start", {"method": method, "args": args})["job"]
    wait_for(lambda: rpc.call("job.get", {"job": job})["done"] > 0)  # of how many is not always known
    row = gx("jobs", server.unix, "--format", "json").json()["jobs"][0]
    assert row["job"] == job and row["method"] == method and row["state"] == "running" and row["stage"]
    assert rpc.call("job.list")["jobs"][0]["method"] == method
    gx("cancel", server.unix, job)
    wait_for(lambda: rpc.call("job.get", {"job": job})["state"] == "cancelled", 3)


def test_a_direct_call_is_seen_watched_and_cancelled_by_number(built_shop, serve):
    server = serve(built_shop, "--read-only")
    caller, operator = server.connect(), server.connect()
    for method, args in {"seed.select": JOBS["seed.select"], "graph.run": {"pass": "infomap", "params": {"trials": 1000}}}.items():
        sent = caller.send(method, args)
        wait_for(lambda: any(row["stage"] for row in operator.call("job.list")["jobs"]))
        row = gx("jobs", server.unix, "--format", "json").json()["jobs"][0]
        assert (row["kind"], row["method"], row["state"]) == ("call", method, "running") and row["scope"]
        assert operator.call("job.watch", {"job": row["job"]})["state"] == "running"
        operator.send("job.cancel", {"job": row["job"]})  # its answer, and among it what the watch tells
        states, began = [], time.monotonic()
        while "cancelled" not in states:
            message = operator.receive()
            states += [message[2][0]["state"]] if message[0] == 2 else []
        kind, msgid, error, _ = caller.receive()
        assert (kind, msgid) == (1, sent) and error.startswith("CANCELLED: cancelled during ")
        assert time.monotonic() - began < 2
        assert operator.call("job.list")["jobs"] == []
        with pytest.raises(RuntimeError, match=f"there is no job {row['job']} any more"):
            operator.call("job.get", {"job": row["job"]})


def test_a_verb_whose_call_is_cancelled_says_so(built_shop, serve):
    server = serve(built_shop, "--read-only")
    words = [BIN, "seeds", server.unix, "-k", "50", "--sets", "20000000"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: gx("jobs", server.unix, "--format", "json").json()["jobs"])
    gx("cancel", server.unix, gx("jobs", server.unix, "--format", "json").json()["jobs"][0]["job"])
    _, err = process.communicate(timeout=3)
    assert process.returncode != 0 and "cancelled" in err


def test_a_job_stands_once_in_the_list(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    job = rpc.call("job.start", {"method": "seed.select", "args": JOBS["seed.select"]})["job"]
    assert [(row["job"], row["kind"]) for row in rpc.call("job.list")["jobs"]] == [(job, "job")]
    rpc.call("job.cancel", {"job": job})


def test_a_job_gives_the_answer_of_the_call(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    user = rpc.call("graph.leaders", {"n": 1})["leaders"][0]["user"]
    for method, args in {
        "seed.select": {"k": 3},
        "seed.simulate": {"seeds": [user], "runs": 200},
        "graph.reach": {"of": user},
        "rec.user": {"users": [user], "n": 500},
    }.items():
        job = rpc.call("job.start", {"method": method, "args": args})["job"]
        wait_for(lambda job=job: rpc.call("job.get", {"job": job})["state"] != "running")
        done = rpc.call("job.get", {"job": job})
        assert done["state"] == "done", done
        assert json.dumps(done["result"]) == json.dumps(rpc.call(method, args))


def test_describe_says_what_may_be_a_job(built_shop, serve):
    rpc = serve(built_shop, "--read-only").connect()
    methods = {method["name"]: (method["cost"], method["job"]) for method in rpc.call("sys.describe")["methods"]}
    for name in "seed.select seed.simulate seed.plan cascade.predict audience.guide credit.report model.build".split():
        assert methods[name] == ("long", "always"), name
    assert methods["rec.user"] == ("short", "by_arguments")
    assert methods["sys.ping"] == ("short", "never") and methods["event.put"] == ("write", "never")
    with pytest.raises(RuntimeError, match="rec.user is a short call with these arguments: make it directly"):
        rpc.call("job.start", {"method": "rec.user", "args": {"users": ["u1"], "n": 5}})
    with pytest.raises(RuntimeError, match="event.put is a write call: make it directly"):
        rpc.call("job.start", {"method": "event.put"})


def test_a_verb_tells_how_far_a_server_is(built_shop, serve):
    server = serve(built_shop, "--read-only")
    words = [BIN, "run", server.unix, "infomap", "--trials", "1000"]
    for progress, how in (("json", lambda line: json.loads(line)["stage"]), ("plain", lambda line: line.split()[0])):
        process = subprocess.Popen([*words, "--progress", progress], stderr=subprocess.PIPE, text=True)
        try:
            assert how(process.stderr.readline())
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=3)
            assert process.returncode == 130
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_only_who_asks_is_told_how_far_a_call_is(built_shop, serve):
    server = serve(built_shop, "--read-only")
    args = {"pass": "infomap", "params": {"trials": 1000}, "deadline_ms": 1500}
    rpc = server.connect()
    with pytest.raises(RuntimeError, match="^DEADLINE"):
        rpc.call("graph.run", args)
    assert rpc.call("sys.hello", {"progress": True})["progress"] is True
    sent = rpc.send("graph.run", args)
    kind, method, params = rpc.receive()
    assert (kind, method) == (2, "call.progress")
    assert params[0].keys() == {"msgid", "stage", "done", "total", "mem_bytes"}
    assert params[0]["msgid"] == sent and params[0]["stage"]
    message = [2]
    while message[0] == 2:
        message = rpc.receive()
    assert message[:2] == [1, sent] and message[2].startswith("DEADLINE")
