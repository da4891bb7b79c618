"""A snapshot in a notebook: the official safetensors package opens it and finds what the program says."""

import json

import numpy
import safetensors
import safetensors.numpy
from conftest import gx


def test_the_official_package_opens_a_snapshot(built_shop):
    path = built_shop / "models" / "000001.safetensors"
    arrays = safetensors.numpy.load_file(path)
    status = gx("status", built_shop, "--format", "json").json()
    assert arrays["pagerank.score"].shape == (status["users"],)
    assert abs(arrays["pagerank.score"].sum() - 1) < 1e-9
    assert arrays["leiden.community"].dtype == numpy.uint32
    sizes = numpy.bincount(arrays["leiden.community"])
    assert (sizes == arrays["circle.size"]).all() and (numpy.diff(sizes) <= 0).all()
    assert arrays["popular.score"].shape == (status["items"],)
    with safetensors.safe_open(path, framework="numpy") as file:
        recipe = json.loads(file.metadata()["recipe"])
    assert recipe["seed"] == 1 and {"pass": "ials", "params": {"factors_most": 128}} in recipe["passes"]


def test_runs_that_fail_lose_nothing_that_was_kept(shop):
    def top(name):
        return gx("centrality", shop, name, "-n", "3", "--format", "json").json()["members"]

    gx("run", shop, "hits", "--write", "first", "--of", "u1")
    gx("run", shop, "degree", "--write", "second", "--of", "u1")
    kept = top("first"), top("second")
    for words, code, said in (
        (["pagerank", "--write", "A b"], 2, "write: 'A b' was given; accepted is a name of a-z, 0-9 and _"),
        (["pagerank", "--write", "leiden"], 1, "write: leiden is the name of something else"),
        (["pagerank", "--write", "first", "--mem", "1MiB"], 7, "over the limit of 1.0 MiB"),
        (["betweenness", "--samples", "0", "--write", "first", "--deadline", "30"], 6, "deadline"),
    ):
        assert said in gx("run", shop, *words, code=code).err
        assert (top("first"), top("second")) == kept
    gx("run", shop, "degree", "--write", "first", "--of", "u1")
    assert top("first") == top("second") == kept[1]


def test_a_damaged_snapshot_is_refused_and_named(shop):
    path = shop / "models" / "000001.safetensors"
    data = bytearray(path.read_bytes())
    data[-4000] ^= 1
    path.write_bytes(data)
    assert "snapshot 1" in gx("check", shop, code=1).out
    assert "snapshot 1 is damaged" in gx("leaders", shop, code=1).err
    assert gx("status", shop, "--format", "json").json()["snapshot"] is None
    assert len(gx("model", shop, "list", "--format", "json").json()["snapshots"]) == 1
    gx("build", shop)
    gx("leaders", shop)


def test_the_way_back_from_a_damaged_snapshot(shop):
    gx("build", shop)
    path = shop / "models" / "000002.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    gx("leaders", shop, code=1)
    gx("model", shop, "rollback")
    assert gx("status", shop, "--format", "json").json()["snapshot"] == 1
    gx("leaders", shop)


def test_backup_and_restore(shop, tmp_path):
    gx("backup", shop, tmp_path / "copy.gx")
    gx("backup", shop, tmp_path / "copy.gx", code=1)
    gx("restore", tmp_path / "back.gx", tmp_path / "copy.gx")
    gx("check", tmp_path / "back.gx")
    here = gx("leaders", shop, "--format", "json").json()
    assert gx("leaders", tmp_path / "back.gx", "--format", "json").json() == here


def test_model_list_diff_rollback(shop):
    told = gx("build", shop, "--params", "leiden.resolution=2", "--params", "ials.factors=8")
    assert "parameters of ials are not used" in told.err and "leiden" not in told.err
    rows = gx("model", shop, "list", "--format", "json").json()["snapshots"]
    assert [(row["snapshot"], row["current"]) for row in rows] == [(2, True), (1, False)]
    changed = {
        row["array"]: row["change"] for row in gx("model", shop, "diff", "1", "2", "--format", "json").json()["arrays"]
    }
    assert changed["pagerank.score"] == "same" and changed["leiden.community"] == "values"
    gx("model", shop, "rollback")
    assert gx("status", shop, "--format", "json").json()["snapshot"] == 1


def test_a_build_says_what_it_leaves_out(shop):
    first = gx("run", shop, "layout", "--write", "layout")
    assert "without" not in first.err
    gx("bridges", shop)
    gx("stats", shop)
    assert gx("export", shop, "graph", "--format", "gexf").out.count("<viz:position ") > 0
    less = gx("build", shop, "--passes", "leiden,strength,circle,leaders,popular,ials")
    (line,) = [line for line in less.err.splitlines() if "without" in line]
    named = line[line.index("had: ") + 5 : line.index(";")].split(", ")
    assert {"spanners", "structure", "layout", "bridges"} <= set(named) and "leiden" not in named
    assert len(named) == len(set(named))
    assert "without the pass spanners" in gx("bridges", shop, code=1).err
    assert "without" not in gx("build", shop).err
    assert "without" not in gx("build", shop, "--passes", "leiden", "--no-promote").err
    gx("bridges", shop)
