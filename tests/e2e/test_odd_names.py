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
        assert not text or len({len(row) for row in rows}) == 1  # of no rows whose columns depend on them: nothing
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


@pytest.fixture(scope="module")
def commas(tmp_path_factory):
    """A shop in which items have commas in their ids."""
    folder = tmp_path_factory.mktemp("commas")
    rows = [(f"u{u}", f"i,{(u * 3 + k * k) % 12}", 1_700_000_000 + 60 * u) for u in range(60) for k in range(5)]
    (folder / "events.csv").write_text("user_id,item_id,action,ts\n" + "".join(f'{u},"{i}",buy,{t}\n' for u, i, t in rows))
    (folder / "items.csv").write_text("item_id,category\n" + "".join(f'"i,{k}",tea\n' for k in range(12)))
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "items.csv", folder / "events.csv")
    gx("build", folder / "s.gx")
    return folder / "s.gx"


def listed(store, *words):
    done = gx("recommend", store, "u1", "-n", "12", "--seen", "none", *words, "--format", "json")
    return [item["id"] for item in done.json()[0]["items"]], done


def test_a_list_in_json_has_ids_with_commas(commas):
    """An id with a comma could not be named: its parts, which are no items, were left out instead."""
    all_of, _ = listed(commas)
    first, second = all_of[:2]
    assert first.startswith("i,")
    assert listed(commas, "--exclude", json.dumps([first, second]))[0] == all_of[2:]
    assert listed(commas, f"--exclude={json.dumps([first])}", "--exclude", json.dumps([second]))[0] == all_of[2:]
    for context in ("cart=" + json.dumps([first, second]), "item=" + first):
        left, done = listed(commas, "--context", context)
        assert first not in left and left
    assert "in JSON" in gx("recommend", "--help").out and "a comma" in gx("recommend", "--help").out


def test_ids_to_leave_out_that_are_no_items_are_told(commas, tmp_path):
    all_of, plain = listed(commas)
    left, done = listed(commas, "--exclude", all_of[0])  # its parts
    assert left == all_of and "exclude: 'i', '" in done.err and "are not in this store" in done.err
    assert "exclude" not in plain.err and "notes" not in plain.json()[0]
    told = "exclude: 'zzz' is not in this store"
    item = all_of[0]
    for words in (
        ["recommend", commas, "u1", "u2"],
        ["rank", commas, "u1", item],
        ["similar", commas, item],
        ["bundle", commas, item],
        ["layout", commas, "u1"],
        ["recommend", commas, "--all", "-n", "2"],
        ["guide", commas],
        ["teams", commas, item],
    ):
        said = gx(*words, "--exclude", "zzz", "--format", "jsonl", code=None).err
        assert said.count(told) == 1, (words, said)


def test_a_boost_of_no_item_is_told(commas):
    first = gx("recommend", commas, "u1", "--boost", "5 item nope", "--format", "json").json()[0]
    assert first["not_boosted"] == ["boost: there is no item 'nope'"]
    assert "there is no item 'nope'" in gx("recommend", commas, "--all", "-n", "1", "--boost", "5 item nope", "--format", "csv").err
