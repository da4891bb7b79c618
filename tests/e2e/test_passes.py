"""Every pass the whole way: files are imported, the pass is run, kept with --write, and the snapshot's file, read by
another library, holds what the pass gave; --of and --top over both doors show the same numbers."""

import csv
import math

import pytest
from conftest import gx
from safetensors.numpy import load_file

NONE = 2**32 - 1
EXACT_TOP = {"closeness", "harmonic"}  # told of --top, they leave the rest out and do not sample


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("passes")
    gx("demo", folder / "data", "--users", 300)
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "data")
    gx("build", folder / "s.gx", "--passes", "degree")
    ids = {}
    for kind in ("user", "item"):
        with open(folder / "data" / f"{kind}s.csv", encoding="utf-8") as file:
            ids[kind] = [row[f"{kind}_id"] for row in csv.DictReader(file)]
    numbers = {name: k for names in ids.values() for k, name in enumerate(names)}
    held = newest(folder / "s.gx")
    at, text = held["category.name_at"], bytes(held["category.names"])
    numbers |= {text[at[k] : at[k + 1]].decode(): k for k in range(len(at) - 1)}
    return folder / "s.gx", ids["user"], numbers


def number(shown, numbers):
    """An entry as JSON shows it, as a number: members, items and categories by name, nothing where there is none."""
    if shown is None:
        return math.nan
    if isinstance(shown, str):
        return numbers[shown]
    return shown


def same(shown, held, numbers):
    value = number(shown, numbers)
    if math.isnan(value):
        return held == NONE or not math.isfinite(held)
    return held.dtype.type(value) == held


def newest(store):
    return load_file(sorted((store / "models").glob("*.safetensors"))[-1])


def engine_passes():
    return [row for row in gx("run", "--format", "csv").rows() if row["kind"] != "model"]


def test_every_pass_from_file_to_snapshot(small, serve):
    store, users, numbers = small
    rows = engine_passes()
    assert len(rows) >= 35
    for row in rows:  # the file holds what the run showed
        name = row["name"]
        shown = gx("run", store, name, "-n", 1000000, "--write", f"copy_{name}", "--format", "json").json()["arrays"]
        kept = newest(store)
        own = {array["name"]: array for array in shown if array["name"].startswith(f"copy_{name}.")}
        assert own and set(own) == {key for key in kept if key.startswith(f"copy_{name}.")}, name
        for key, array in own.items():
            held = kept[key]
            assert list(held.shape) == array["shape"] and len(array["head"]) == held.size, key
            wrong = [k for k, (a, b) in enumerate(zip(array["head"], held.ravel(), strict=True)) if not same(a, b, numbers)]
            assert not wrong, f"{key} at {wrong[:5]}"
    kept = newest(store)
    server = serve(store)
    rpc = server.connect()
    some = users[3::37]
    for row in rows:  # members by id and the highest, over the socket and by the command
        name = row["name"]
        own = {key.split(".", 1)[1]: held for key, held in kept.items() if key.startswith(f"copy_{name}.")}
        by_member = {suffix for suffix, held in own.items() if held.shape == (len(users),)}
        if not by_member:
            continue
        answer = rpc.call("graph.run", {"pass": name, "of": some})["members"]
        assert [entry["user_id"] for entry in answer] == some
        for entry in answer:
            for suffix in by_member & set(entry):
                assert same(entry[suffix], own[suffix][numbers[entry["user_id"]]], numbers), (name, suffix, entry)
        assert {key for entry in answer for key in entry} - {"user_id", "circle"} <= set(own), name
        assert by_member & set(answer[0]), name
        if "score" in by_member and name not in EXACT_TOP:
            top = gx("run", store, name, "--top", 7, "--format", "json").json()["members"]
            assert [entry["score"] for entry in top] == sorted(own["score"], reverse=True)[:7], name
            assert all(own["score"][numbers[entry["user_id"]]] == entry["score"] for entry in top), name
            if row["kind"] == "centrality":
                served = rpc.call("graph.centrality", {"measure": f"copy_{name}", "n": 7})
                assert served["from"] == "snapshot"
                assert [entry["user_id"] for entry in served["members"]] == [entry["user_id"] for entry in top], name


def test_what_was_asked_wrongly_is_told_how_to_ask(tmp_path):
    edges = tmp_path / "one.txt"
    edges.write_text("1 2\n2 3\n")
    told = gx("run", edges, "degree", "--preset", "snap", "--write", "x", code=2).err
    assert "has no snapshots" in told and "--create --preset snap" in told
    assert "has no snapshots" in gx("lineage", edges, "--preset", "snap", code=2).err
    assert "--ties is missing" in gx("run", "pagerank", "--estimate", "--members", "10", code=2).err
    assert "guanxi run TARGET degree --write" in gx("centrality", edges, "degree", "--preset", "snap", "--write", "a", code=2).err
    assert "accepted is one of them" in gx("run", edges, "degree", "--preset", "snap", "--top", "2", "--of", "1", code=2).err
    graph = gx("export", edges, "graph", "--preset", "snap", "--format", "graphml").out
    assert graph.count("<node ") == 3 and graph.count("<edge ") == 2


def test_members_nobody_knows_and_oneself(tmp_path):
    edges = tmp_path / "ring.txt"
    edges.write_text("".join(f"{i} {(i + 1) % 9}\n" for i in range(9)))
    gx("import", tmp_path / "a.gx", edges, "--preset", "snap", "--undirected", "--create")
    gx("build", tmp_path / "a.gx")
    assert "user 'zzz' is not in this store" in gx("friends", tmp_path / "a.gx", "zzz", code=4).err
    assert "not in the store" in gx("friends", tmp_path / "a.gx", "1", "zzz").out
    assert "is one member" in gx("tie", tmp_path / "a.gx", "1", "1", code=2).err
    assert "bridges  none" in gx("bridges", tmp_path / "a.gx", "ties").out
