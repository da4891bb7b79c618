"""What --estimate tells of a store is what --mem then has to allow."""

import os
import random
import re

import pytest
from conftest import gx


@pytest.fixture(scope="module", params=["directed", "undirected"])
def store(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    draw = random.Random(3)
    edges = folder / "edges.txt"
    edges.write_text("".join(f"{draw.randrange(5000)} {draw.randrange(5000)}\n" for _ in range(60000)))
    flags = ["--undirected"] if request.param == "undirected" else []
    gx("import", folder / "ties.gx", edges, "--create", "--preset", "snap", *flags)
    return folder / "ties.gx"


@pytest.mark.parametrize("name", ["degree", "pagerank", "kcore", "leiden"])
def test_told_memory_is_what_the_run_needs(store, name):
    told = gx("run", store, name, "--estimate", "--threads", "1", "--format", "json").json()
    assert told["steps"][0]["pass"] == "view" and told["steps"][0]["cpu_s"] > 0
    gx("run", store, name, "--threads", "1", "--mem", str(int(told["mem_bytes"] * 1.2)))
    gx("run", store, name, "--threads", "1", "--mem", str(int(told["mem_bytes"] / 1.2)), code=7)


@pytest.mark.parametrize("threads", ["1", "2", "3", "16"])
def test_what_is_told_is_the_same_each_time_and_enough(store, threads):
    words = ["run", store, "katz", "--threads", threads]
    told = {gx(*words, "--estimate", "--format", "json").json()["mem_bytes"] for _ in range(5)}
    assert len(told) == 1
    for _ in range(5):
        gx(*words, "--mem", str(told.copy().pop()))


@pytest.mark.parametrize("name", ["pagerank", "kcore"])
def test_a_graph_that_is_not_there_is_told_alike(store, name):
    size = gx("status", store, "--format", "json").json()
    flags = ["--undirected"] if store.parent.name.startswith("undirected") else []
    numbers = ["--members", str(size["users"]), "--ties", str(size["ties"]), *flags]
    told = gx("run", name, "--estimate", *numbers, "--threads", "1", "--format", "json").json()
    held = gx("run", store, name, "--estimate", "--threads", "1", "--format", "json").json()
    assert abs(told["mem_bytes"] / held["mem_bytes"] - 1) < 0.25


def test_too_little_memory_is_told_the_whole_need(store):
    told = gx("run", store, "pagerank", "--estimate", "--threads", "1", "--format", "json").json()["mem_bytes"]
    short = gx("run", store, "pagerank", "--threads", "1", "--mem", str(told // 4), code=7)
    whole = float(re.search(r"about ([0-9.]+) MiB in all", short.err)[1]) * 2**20
    assert abs(whole / told - 1) < 0.25


@pytest.mark.parametrize("verb, name", [("centrality", "pagerank"), ("communities", "leiden")])
def test_answers_are_told_like_runs(store, verb, name):
    run = gx("run", store, name, "--estimate", "--threads", "1", "--format", "json").json()
    told = gx(verb, store, name, "--estimate", "--threads", "1", "--format", "json").json()
    assert [step["pass"] for step in told["steps"]] == [step["pass"] for step in run["steps"]]
    assert told["mem_bytes"] == run["mem_bytes"]
    lines = gx(verb, store, name, "--estimate", "--format", "csv").out.splitlines()
    assert lines[0] == "pass,mem_bytes,cpu_s,cpu_most_s" and lines[1].startswith("view,")


def test_a_random_graph_is_told_before_it_is_drawn(tmp_path):
    told = gx("generate", "ba", "--members", "3000", "--m", "4", "--estimate", "--format", "json").json()
    made = tmp_path / "ba.txt"
    gx("generate", "ba", "--members", "3000", "--m", "4", "-o", made)
    assert told["members"] == 3000 and told["edges"] == len(made.read_text().splitlines())
    assert 0.8 < made.stat().st_size / told["text_bytes"] <= 1
    gx("generate", "ba", "--members", "4", "--m", "4", "--estimate", code=2)


def test_members_with_ties_is_a_number_and_else_a_list(store):
    size = ["--ties", "1000", "--format", "json"]
    assert gx("run", "pagerank", "--members", "100", *size).json() == gx("run", "pagerank", "--users", "100", *size).json()
    gx("run", store, "pagerank", "--members", "1,2", "-n", "1")
    assert "--ties N" in gx("run", store, "pagerank", "--members", "77777", "--estimate", code=4).err
    assert "--ties N" in gx("run", store, "kcore", "--members", "5", "--estimate", code=2).err
    assert "at most 90" in gx("run", "pagerank", "--members", "10", *size, code=2).err


def test_a_single_row_of_csv_has_no_json_in_it(store):
    tie = gx("export", store, "ties", "--format", "csv").rows()[0]
    row = gx("tie", store, tie["src"], tie["dst"], "--format", "csv").rows()[0]
    assert "standing.1.degree" in row and not any("{" in cell for cell in row.values())


def test_judging_friends_is_told_too(store):
    words = ["eval", store, "--friends", "--everybody", "--members", "100", "--threads", "1"]
    told = gx(*words, "--estimate", "--format", "json").json()
    assert [step["pass"] for step in told["steps"]] == ["view", "parts", "strength", "leiden", "judging"]
    gx(*words, "--mem", str(int(told["mem_bytes"] * 1.1)))
    gx(*words, "--mem", str(int(told["mem_bytes"] / 1.8)), code=7)
    gx("eval", store, "--estimate", code=2)


CAMPAIGNS = {
    ("plan", "ITEM", "-k", "5"): ["prospects", "seeds", "runs"],
    ("guide",): ["sharers", "tastes", "choice"],
    ("leakage", "--channels", "offline"): ["log", "follow", "members"],
    ("leakage", "--where", "price > 0", "--window", "90d"): ["log", "follow", "members"],
    ("detractors",): ["words", "listeners", "rows"],
    ("detractors", "-n", "10000", "--min-words", "2"): ["words", "listeners", "rows"],
    ("teams", "ITEM"): ["pool", "choice", "balance"],
    ("credit",): ["log", "paths"],
    ("credit", "ledger", "--rule", "geometric", "--budget", "1000"): ["log", "paths", "lines"],
    ("credit", "members", "--tree", "invite"): ["log", "paths", "lines"],
}


@pytest.mark.parametrize("words", CAMPAIGNS)
def test_campaigns_tell_what_they_take(built_shop, words):
    """Steps, their sum, nothing chosen, and so much memory is enough."""
    item = gx("export", built_shop, "items", "--format", "csv").rows()[3]["item_id"]
    verb, *more = [item if word == "ITEM" else word for word in words]
    told = gx(verb, built_shop, *more, "--threads", "1", "--estimate", "--format", "json").json()
    assert set(told) <= {"steps", "mem_bytes", "cpu_s", "cpu_most_s", "considered"}
    assert [step["pass"] for step in told["steps"]] == CAMPAIGNS[words]
    assert told["cpu_s"] == pytest.approx(sum(step["cpu_s"] for step in told["steps"]))
    assert told["mem_bytes"] == max(step["mem_bytes"] for step in told["steps"]) > 0
    assert told["cpu_most_s"] >= told["cpu_s"] > 0
    rows = gx(verb, built_shop, *more, "--estimate", "--format", "csv").rows()
    assert [row["pass"] for row in rows] == CAMPAIGNS[words]
    gx(verb, built_shop, *more, "--threads", "1", "--mem", str(told["mem_bytes"] * 101 // 100))


@pytest.mark.parametrize("more", [(), ("--per-sharer", "1"), ("--audience", "2")])
def test_many_shares_are_told_by_what_they_come_to(built_shop, more):
    """More shares than listeners have room for: CPU seconds within a factor, since others use the machine. They were told twice too
    many, or five times."""
    words = ["guide", built_shop, "-n", "1000", "--leaders", "1000", "--promoters", "1000", *more, "--threads", "1", "--format", "json"]
    told = gx(*words, "--estimate").json()
    before = os.times()
    gx(*words)
    after = os.times()
    taken = after.children_user + after.children_system - before.children_user - before.children_system
    assert taken / 1.8 - 0.05 < told["cpu_s"] < taken * 1.8


def test_what_could_be_shared_counts(built_shop):
    """Many candidates, one share: what they hold is charged, and told."""
    words = ["guide", built_shop, "-n", "1", "--leaders", "1000", "--promoters", "1000", "--threads", "1"]
    told = gx(*words, "--estimate", "--format", "json").json()["mem_bytes"]
    gx(*words, "--mem", str(told))
    gx(*words, "--mem", str(told * 19 // 20), code=7)


@pytest.mark.parametrize("words", [("build",), ("build", "--no-blend"), ("run", "leaders"), ("run", "bundle")])
def test_what_is_told_is_enough_for_many_passes(shop, words):
    """What passes leave behind is held while later ones run; each asks beforehand for its most."""
    verb, *more = words
    told = gx(verb, shop, *more, "--threads", "1", "--estimate", "--format", "json").json()["mem_bytes"]
    gx(verb, shop, *more, "--threads", "1", "--mem", str(told * 3 // 5), code=7)
    gx(verb, shop, *more, "--threads", "1", "--mem", str(told))
