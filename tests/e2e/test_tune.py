"""guanxi tune: the same search from the same seed, what is kept and used by a build, files of parameters, a server's job,
budget, cancel, broken arguments."""

import csv
import json
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import BIN, gx

USERS, ITEMS, CIRCLES = 500, 120, 6


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Members of circles who mostly take what their circle takes, with many events each and popular items between."""
    path = tmp_path_factory.mktemp("tune") / "events.csv"
    draw = random.Random(3)
    pairs = set()
    for u in range(USERS):
        for _ in range(draw.randrange(4, 30)):
            own = int(draw.random() ** 2 * ITEMS / CIRCLES) * CIRCLES + u % CIRCLES
            pairs.add((u, own if draw.random() < 0.7 else int(draw.random() ** 3 * ITEMS)))
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["user_id", "item_id", "ts"])
        writer.writerows((f"u{u}", f"i{i}", 1_700_000_000 + 60 * k) for k, (u, i) in enumerate(sorted(pairs)))
    return path


@pytest.fixture
def store(tmp_path, train):
    path, file = tmp_path / "shop.gx", tmp_path / "events.csv"
    header, *lines = train.read_text().splitlines()
    file.write_text("\n".join([f"{header},action", *(f"{line},buy" for line in lines)]) + "\n")
    gx("init", path)
    gx("import", path, file)
    return path


def tune(*words, code=0):
    result = gx("tune", *words, "--format", "json", code=code)
    return result.json() if code == 0 else result.err


def plain(answer):
    """Without what depends on the machine."""
    trials = [{k: v for k, v in row.items() if not k.endswith("_s")} for row in answer["trials"]]
    return {**answer, "trials": trials}


def test_same_seed_same_search(train):
    words = ["--train", train, "--trials", 14, "--model", "rp3beta"]
    first = tune(*words, "--threads", 1)
    assert plain(first) == plain(tune(*words, "--threads", 2))
    assert len(first["trials"]) == 14 and first["ended"] == "trials"
    usual = {"alpha": 0.5, "beta": 0.4}
    assert first["trials"][0]["params"] == usual
    best = first["trials"][first["best"]]
    assert all(row["ndcg@20"] <= best["ndcg@20"] for row in first["trials"])
    assert {**usual, **first["params"]["rp3beta"]} == best["params"]
    assert first["choosing"] + first["confirming"] <= USERS and first["written"] is False
    assert f"{first['confirming']} members who confirm" in first["verdict"]
    assert f"{first['choosing']} who choose" in first["verdict"]
    other = tune(*words, "--seed", 5)
    assert [r["params"] for r in other["trials"][1:]] != [r["params"] for r in first["trials"][1:]]


def test_only_what_is_named_and_the_rest_as_given(train):
    words = ["--train", train, "--trials", 6, "--model", "linear", "--metric", "recall@5"]
    answer = tune(*words, "--parameters", "target_exponent,power", "--params", "linear.neighbours=50")
    assert all(set(row["params"]) == {"target_exponent", "power"} for row in answer["trials"])
    assert answer["params"]["linear"]["neighbours"] in (50, "50")
    assert answer["metric"] == "recall@5" and "recall@5" in answer["trials"][0]



def test_what_is_better_is_kept_and_tried_again(store):
    """With item_exponent at 1 the other exponents are far from good by default."""
    words = ["--model", "spectral", "--params", "spectral.item_exponent=1", "--split", "member:0.5", "--trials", 10]
    setting(store, {"popular": {"half_life": 0}, "spectral": {"sharpness": 1}})
    answer = tune(store, *words, "--parameters", "degree_exponent,member_exponent")
    assert answer["better"] and answer["written"] and answer["gain"]["low"] > 0
    assert "kept in the store" in answer["verdict"]
    kept = gx("call", store, "admin.config", json.dumps({"name": "models"})).json()["models"]
    assert kept == {"popular": {"half_life": 0}, **answer["params"]}
    setting(store, {"spectral": {"degree_exponent": 0.15}})
    again = tune(store, *words, "--parameters", "degree_exponent", "--no-write")
    assert again["trials"][1]["params"] == {"degree_exponent": 0.15}
    assert again["written"] is False and "not kept" in again["verdict"] or not again["better"]


def setting(store, value, code=0):
    return gx("call", store, "admin.config", json.dumps({"name": "models", "value": value}), code=code)


def test_the_setting_is_beneath_what_a_build_is_given(store):
    setting(store, {"linear": {"neighbours": 7, "target_exponent": 0.25}})
    gx("build", store, "--passes", "linear", "--params", "linear.neighbours=9")
    setting(store, {})
    gx("build", store, "--passes", "linear")
    gx("build", store, "--passes", "linear", "--params", "linear.neighbours=9", "--params", "linear.target_exponent=0.25")

    def changed(other):
        rows = gx("model", store, "diff", 1, other, "--format", "csv").rows()
        return {row["array"] for row in rows if row["change"] != "same" and row["array"].startswith("linear.")}

    assert changed(3) == set() and "linear.weight" in changed(2)
    assert "neighbours" in setting(store, {"linear": {"neighbors": 7}}, code=2).err
    assert "linear" in setting(store, {"lineal": {}}, code=4).err
    assert "map" in setting(store, {"linear": 7}, code=2).err


def test_a_file_of_parameters(train, tmp_path):
    file = tmp_path / "tuned.json"
    gx("tune", "--train", train, "--trials", 8, "--model", "rp3beta", "--output", file)
    found = json.loads(file.read_text())["params"]["rp3beta"]
    test = tmp_path / "test.csv"
    test.write_text("user_id,item_id,ts\n" + "".join(f"u{u},i{u * 7 % ITEMS},1790000000\n" for u in range(USERS)))
    words = ["eval", "--train", train, "--test", test, "--model", "rp3beta", "--resamples", 0, "--format", "json"]
    flags = [word for name, value in found.items() for word in ("--params", f"rp3beta.{name}={value}")]
    by_file, by_flags = gx(*words, "--params", file).json(), gx(*words, *flags).json()
    assert by_file["ndcg@20"] == by_flags["ndcg@20"]
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert gx(*words, "--params", tmp_path / "marked.json").json()["ndcg@20"] == by_flags["ndcg@20"]
    (tmp_path / "marked.json").write_bytes(2 * b"\xef\xbb\xbf" + file.read_bytes())
    assert "not JSON" in gx(*words, "--params", tmp_path / "marked.json", code=2).err
    over = gx(*words, "--params", file, "--params", "rp3beta.beta=0.9", "--params", "rp3beta.alpha=0.9").json()
    assert over["ndcg@20"] == gx(*words, "--params", "rp3beta.beta=0.9", "--params", "rp3beta.alpha=0.9").json()["ndcg@20"]
    assert "not JSON" in gx(*words, "--params", train, code=2).err
    assert "that is there" in gx(*words, "--params", tmp_path / "none.json", code=2).err


def test_budget(train):
    start = time.monotonic()
    answer = tune("--train", train, "--budget", "1500ms", "--model", "linear")
    assert answer["ended"] == "budget" and len(answer["trials"]) > 1
    assert time.monotonic() - start < 30
    tiny = tune("--train", train, "--budget", "1ms", "--model", "linear")
    assert len(tiny["trials"]) == 1 and tiny["best"] == 0 and tiny["params"] == {"linear": {}}
    assert "defaults are the best" in tiny["verdict"]


def test_interrupted_it_tells_the_best_so_far(store):
    words = [BIN, "tune", str(store), "--budget", "120s", "--format", "json", "--progress", "plain"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        for line in process.stderr:
            if "tried, best ndcg@20" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    answer = json.loads(out)
    assert answer["ended"] == "cancelled" and answer["written"] is False and answer["trials"]
    assert "best so far" in err
    gx("check", store)


def test_a_job_of_a_server(store, serve):
    server = serve(store)
    rpc, other = server.connect(), server.connect()
    args = {"model": "linear", "budget": "120s"}
    job = rpc.call("job.start", {"method": "model.tune", "args": args})["job"]
    rpc.call("job.watch", {"job": job})
    told = ""
    while "tried, best" not in told:
        kind, method, params = rpc.receive()
        assert (kind, method) == (2, "job.progress")
        told = params[0]["stage"]
    other.call("job.cancel", {"job": job})
    deadline = time.monotonic() + 30
    while (state := other.call("job.get", {"job": job}))["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert state["state"] == "done" and state["result"]["ended"] == "cancelled"
    with pytest.raises(RuntimeError, match="metric"):
        other.call("model.tune", {"metric": "accuracy"})


def test_estimate(store):
    told = tune(store, "--model", "ials", "--estimate")
    assert "ials" in [step["pass"] for step in told["steps"]] and told["mem_bytes"] > 0 and "trials" not in told
    assert "ials" in gx("tune", store, "--model", "ials", "--estimate").out


@pytest.mark.parametrize(
    "words,told",
    [
        (["--model", "lineal"], "linear"),
        (["--metric", "accuracy@20"], "recall, ndcg, precision"),
        (["--metric", "ndcg@0"], "1 to 1000"),
        (["--parameters", "alpha"], "linear has neighbours"),
        (["--params", "ials.factors=8"], "none of the models"),
        (["--params", "linear.power=9"], "0.1 to 4"),
        (["--parameters", "power", "--params", "linear.power=2"], "given a value too"),
        (["--trials", "0"], "1 to 10000"),
        (["--budget", "soon"], "duration"),
        (["--split", "sometimes"], "member:SHARE"),
        (["--write"], "is no store"),
    ],
)
def test_mistakes_are_named(train, words, told):
    err = gx("tune", "--train", train, *words, code=None)
    assert err.code in (2, 4), err.err
    assert told in err.err, err.err


def test_what_it_needs(train, tmp_path):
    assert "--train FILE" in gx("tune", code=2).err
    assert "either" in gx("tune", tmp_path, "--train", train, code=2).err
    few = tmp_path / "few.csv"
    few.write_text("user_id,item_id,ts\nu1,i1,1\nu1,i2,2\nu2,i1,3\n")
    assert "too few" in gx("tune", "--train", few, "--split", "random:0.5", code=None).err
    assert "searched" in gx("help", "tune").out or "tune" in gx("help", "tune").out
