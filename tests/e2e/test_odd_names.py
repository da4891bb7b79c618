"""The verbs of graphs on stores as they come: members with Chinese names, with quotes, commas and angle brackets, members
without a tie, and nothing at all. Every form must be what it says it is."""

import csv
import io
import json
import xml.etree.ElementTree

import pytest
from conftest import gx

NAMES = ["李明", "王芳", "张伟", 'a"b', "c,d", "<e&f>", "刘 洋", "孤立"]
ALONE = NAMES[-1]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    store = folder / "odd.gx"
    gx("init", store)
    users = folder / "users.csv"
    users.write_text("user_id,region\n" + "".join(f"{quoted(name)},北京\n" for name in NAMES))
    ties = folder / "ties.csv"
    tied = NAMES[:-1]
    ties.write_text(
        "src,dst,weight\n"
        + "".join(f"{quoted(tied[i])},{quoted(tied[(i + k) % 7])},{k}\n" for i in range(7) for k in (1, 2))
    )
    gx("import", store, users, ties)
    gx("build", store)
    gx("run", store, "layout", "--write", "layout")
    return store


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    store = tmp_path_factory.mktemp("bare") / "empty.gx"
    gx("init", store)
    return store


VERBS = [
    ["run", "STORE", "pagerank"],
    ["run", "STORE", "circle"],
    ["run", "STORE", "leiden", "--of", NAMES[0]],
    ["run", "STORE", "kcore", "--estimate"],
    ["centrality", "STORE", "closeness"],
    ["communities", "STORE"],
    ["communities", "STORE", "components", "--members"],
    ["community", "STORE", "c-0"],
    ["lineage", "STORE", "1", "2"],
    ["bridges", "STORE"],
    ["bridges", "STORE", "pairs"],
    ["bridges", "STORE", "ties"],
    ["stats", "STORE"],
    ["stats", "STORE", "circles"],
    ["stats", "STORE", "time"],
    ["map", "STORE"],
    ["leaders", "STORE"],
    ["ego", "STORE", NAMES[3]],
    ["ego", "STORE", ALONE],
    ["ppr", "STORE", NAMES[5]],
    ["ppr", "STORE", ALONE],
    ["path", "STORE", NAMES[0], NAMES[4]],
    ["path", "STORE", NAMES[0], ALONE],
    ["tie", "STORE", NAMES[0], NAMES[1]],
    ["tie", "STORE", NAMES[0], ALONE],
    ["ties", "STORE", NAMES[5]],
    ["ties", "STORE", ALONE, "weak"],
    ["reach", "STORE", NAMES[2]],
    ["reach", "STORE", ALONE],
    ["friends", "STORE", NAMES[0], ALONE, "nobody"],
]


def asked(words, store, form):
    return gx(*(store if word == "STORE" else word for word in words), "--format", form, code=None)


def assert_form(text, form):
    if form == "json":
        json.loads(text)
    elif form == "jsonl":
        for line in text.splitlines():
            json.loads(line)
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(text), strict=True))
        assert rows and len({len(row) for row in rows}) == 1
    else:
        xml.etree.ElementTree.fromstring(text)


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_form_is_what_it_says(odd, bare, words):
    for form in ("json", "jsonl", "csv"):
        result = asked(words, odd, form)
        assert result.code == 0, result.err
        assert_form(result.out, form)
        result = asked(words, bare, form)
        assert result.code in (0, 1, 2, 4), result.err
        if result.code == 0:
            assert_form(result.out, form)
        elif result.code == 1:
            assert result.err.startswith("guanxi: there is no snapshot yet; make one with")
        elif result.code == 2:
            assert "has no snapshots; `guanxi import NEW.gx" in result.err
        else:
            assert "is not in this store" in result.err or "there is no snapshot 2" in result.err
    assert asked(words, odd, "table").code == 0 and asked(words, odd, "md").code == 0


@pytest.mark.parametrize("form", ["graphml", "gexf", "svg"])
def test_pictures_and_graphs_of_odd_names(odd, form):
    for words in (["ego", "STORE", NAMES[5]], ["ego", "STORE", ALONE], ["map", "STORE"], ["export", "STORE", "graph"]):
        result = asked(words, odd, form)
        assert result.code == 0, result.err
        assert_form(result.out, form)
    whole = asked(["export", "STORE", "graph"], odd, "graphml").out
    ids = {node.get("id") for node in xml.etree.ElementTree.fromstring(whole).iter() if node.tag.endswith("}node")}
    assert ids == set(NAMES)


def test_who_is_not_tied_is_said_in_full(odd):
    assert "are not connected: 孤立 is connected with 0 others in all\n" in gx("path", odd, NAMES[0], ALONE).out
    assert "孤立 is one member; a tie is of two" in gx("tie", odd, ALONE, ALONE, code=2).err
