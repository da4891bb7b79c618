"""Graphs for other tools and pictures: what is written is well-formed, whole, and the same for the same seed."""

import json
import xml.etree.ElementTree as xml

import pytest
from conftest import gx

GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
GEXF = "{http://www.gexf.net/1.2draft}"
VIZ = "{http://www.gexf.net/1.2draft/viz}"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def leader(built_shop):
    return gx("leaders", built_shop, "-n", "1", "--format", "json").json()["leaders"][0]["user"]


def written(*args):
    return xml.fromstring(gx(*args).out)


def test_ego_as_graphml(built_shop, leader):
    ego = gx("ego", built_shop, leader, "--depth", "2", "--format", "json").json()
    tree = written("ego", built_shop, leader, "--depth", "2", "--format", "graphml")
    both_ways = sum(not tie["directed"] for tie in ego["ties"])
    nodes = [node.get("id") for node in tree.iter(GRAPHML + "node")]
    assert nodes == [member["user"] for member in ego["members"]]
    assert len(list(tree.iter(GRAPHML + "edge"))) == len(ego["ties"]) + both_ways
    names = {key.get("attr.name"): key.get("attr.type") for key in tree.iter(GRAPHML + "key")}
    assert names["leader_score"] == "double" and names["community"] == "string" and names["depth"] == "long"


def test_ego_as_gexf(built_shop, leader):
    ego = gx("ego", built_shop, leader, "--format", "json").json()
    tree = written("ego", built_shop, leader, "--format", "gexf")
    assert len(list(tree.iter(GEXF + "node"))) == len(list(tree.iter(VIZ + "position"))) == len(ego["members"])
    both_ways = sum(not tie["directed"] for tie in ego["ties"])
    assert 0 < both_ways < len(ego["ties"])
    assert tree.find(GEXF + "graph").get("defaultedgetype") == "directed"
    edges = list(tree.iter(GEXF + "edge"))
    assert len(edges) == len({edge.get("id") for edge in edges}) == len(ego["ties"]) + both_ways
    assert all(edge.get("type") is None for edge in edges)


def test_ego_as_a_picture(built_shop, leader, serve):
    ego = gx("ego", built_shop, leader, "--layout", "--format", "json").json()
    assert all(-1.5 < member["x"] < 1.5 and -1.5 < member["y"] < 1.5 for member in ego["members"])
    plain = gx("ego", built_shop, leader, "--format", "json").json()
    assert all("x" not in member for member in plain["members"])
    picture = gx("ego", built_shop, leader, "--format", "svg").out
    tree = xml.fromstring(picture)
    discs = [disc for disc in tree.iter(SVG + "circle") if disc.find(SVG + "title") is not None]
    assert len(discs) == len(ego["members"])
    assert leader in discs[0].find(SVG + "title").text
    width = float(tree.get("viewBox").split()[2])
    assert all(0 < float(disc.get("cx")) < width for disc in discs)
    assert gx("ego", built_shop, leader, "--format", "svg").out == picture
    wide = gx("ego", built_shop, leader, "--depth", "2", "--format", "svg").out
    texts = [text.text for text in xml.fromstring(wide).iter(SVG + "text")]
    counts = [int(text[text.index("(") + 1 : -1]) for text in texts if text and text.endswith(")")]
    drawn = gx("ego", built_shop, leader, "--depth", "2", "--format", "json").json()
    assert sum(counts) == len(drawn["members"]) and any(text.startswith("others (") for text in texts)
    assert gx("ego", built_shop, leader, "--format", "svg", "--seed", "2").out != picture
    server = serve(built_shop, "--read-only")
    assert gx("ego", server.unix, leader, "--format", "svg").out == picture


def test_circles_as_bubbles(built_shop):
    answer = gx("map", built_shop, "-n", "12", "--format", "json").json()
    circles = answer["circles"]
    total = gx("communities", built_shop, "--format", "json").json()["count"]
    assert len(circles) == 12 and answer["left_out"] == total - 12
    for i, a in enumerate(circles):
        assert a["leader"] and a["size"] > 0 and a["radius"] > 0
        for b in circles[:i]:
            apart = ((a["x"] - b["x"]) ** 2 + (a["y"] - b["y"]) ** 2) ** 0.5
            assert apart >= a["radius"] + b["radius"] - 1e-6
    names = {circle["community"] for circle in circles}
    assert all({link["src"], link["dst"]} <= names and link["ties"] > 0 for link in answer["links"])
    tree = written("map", built_shop, "-n", "12", "--format", "svg")
    assert len(list(tree.iter(SVG + "circle"))) == 12
    assert "c-0" in {text.text for text in tree.iter(SVG + "text")}


def test_whole_graph(built_shop):
    status = gx("status", built_shop, "--format", "json").json()
    tree = written("export", built_shop, "graph", "--format", "gexf")
    assert len(list(tree.iter(GEXF + "node"))) == status["users"]
    ties = gx("export", built_shop, "ties", "--format", "json").json()
    assert len(ties) == status["ties"]
    arcs = sum(1 if tie["directed"] else 2 for tie in ties)
    assert len(list(tree.iter(GEXF + "edge"))) == arcs
    tree = written("export", built_shop, "graph")
    assert len(list(tree.iter(GRAPHML + "edge"))) == arcs
    names = {key.get("attr.name") for key in tree.iter(GRAPHML + "key")}
    assert {"community", "leader_score", "pagerank", "kcore", "kind", "weight"} <= names


def test_lists_of_edges_and_of_nodes(built_shop, leader, tmp_path):
    for words, nodes, edges, name in (
        (["ego", built_shop, leader], "members", "ties", "user"),
        (["map", built_shop], "circles", "links", "community"),
    ):
        answer = gx(*words, "--format", "json").json()
        found = gx(*words, "--format", "csv")
        assert found.out.startswith("source,target,weight,")
        rows = found.rows()
        assert [(row["source"], row["target"]) for row in rows] == [(tie["src"], tie["dst"]) for tie in answer[edges]]
        assert [float(row["weight"]) for row in rows] == [tie["weight"] for tie in answer[edges]]
        rows = gx(*words, "--format", "csv", "--part", "nodes").rows()
        assert [row["id"] for row in rows] == [node[name] for node in answer[nodes]]
        lines = gx(*words, "--format", "jsonl").out.splitlines()
        assert [json.loads(line) for line in lines] == answer[edges]
        lines = gx(*words, "--format", "jsonl", "--part", "nodes").out.splitlines()
        assert [json.loads(line) for line in lines] == answer[nodes]
    path = tmp_path / "edges.csv"
    gx("export", built_shop, "graph", "--format", "csv", "-o", path)
    store = tmp_path / "again.gx"
    gx("init", store)
    gx("import", store, path)
    before, after = (
        sorted((*sorted((row["src"], row["dst"])), row["kind"], row["weight"], row["ts"], row["directed"]) for row in rows)
        for rows in (gx("export", one, "ties").rows() for one in (built_shop, store))
    )
    assert before == after and len(before) > 1000
    scores = gx("export", built_shop, "graph", "--format", "csv", "--part", "nodes").rows()
    assert {"id", "community", "leader_score", "pagerank"} <= set(scores[0])


def test_networkx_reads_both(built_shop, leader, tmp_path):
    networkx = pytest.importorskip("networkx")
    for words in (["ego", built_shop, leader], ["map", built_shop], ["export", built_shop, "graph"]):
        graphs = []
        for form, read in (("gexf", networkx.read_gexf), ("graphml", networkx.read_graphml)):
            path = tmp_path / f"graph.{form}"
            gx(*words, "--format", form, "-o", path)
            graphs.append(read(path))
        one, other = graphs
        assert one.is_directed() == other.is_directed() == (words[0] != "map")
        assert set(one) == set(other) and one.number_of_edges() == other.number_of_edges() > 0


def test_names_of_any_characters(tmp_path):
    store, ties = tmp_path / "s.gx", tmp_path / "ties.csv"
    odd = ["a&b", "<x>", '"q"', "李雷", "it's"]
    lines = [f'"{odd[i].replace(chr(34), chr(34) * 2)}","{odd[0]}",follow' for i in range(1, len(odd))]
    ties.write_text("src,dst,kind\n" + "\n".join(lines) + "\n", encoding="utf-8")
    gx("init", store)
    gx("import", store, ties)
    for args in (["export", store, "graph"], ["ego", store, odd[0], "--format", "graphml"]):
        tree = written(*args)
        assert {node.get("id") for node in tree.iter(GRAPHML + "node")} == set(odd)
    texts = "".join(text.text for text in written("ego", store, odd[0], "--format", "svg").iter(SVG + "text"))
    assert all(name in texts for name in odd)


def test_refusals(built_shop, leader):
    assert "no graph" in gx("leaders", built_shop, "--format", "svg", code=2).err
    assert "graph`" in gx("export", built_shop, "ties", "--format", "gexf", code=2).err
    assert "csv or jsonl" in gx("export", built_shop, "graph", "--format", "json", code=2).err
    assert "goes with csv" in gx("ego", built_shop, leader, "--part", "nodes", "--format", "gexf", code=2).err
    assert "graph`" in gx("export", built_shop, "users", "--part", "nodes", "--format", "csv", code=2).err
    assert "layout" in gx("export", built_shop, "graph", "--format", "svg", code=2).err
    assert "not in this store" in gx("ego", built_shop, "nobody", "--format", "svg", code=4).err


def test_kept_names_do_not_hide_positions(tmp_path):
    store = tmp_path / "shop.gx"
    gx("demo", tmp_path / "data", "--users", "100")
    gx("import", store, tmp_path / "data", "--create")
    gx("build", store)
    gx("run", store, "layout", "--write", "layout", "-n", "1")
    for name in ["x", "y", "id", "community", "weight"]:
        assert f"write: {name} is what exports call" in gx("run", store, "pagerank", "--write", name, code=1).err
    keys = [key.get("attr.name") for key in written("export", store, "graph", "--format", "graphml").iter(GRAPHML + "key")]
    assert keys.count("x") == keys.count("y") == 1 and len(keys) == len(set(keys))


@pytest.mark.parametrize("form", ["csv", "jsonl", "graphml", "gexf"])
def test_weights_are_written_as_they_were_given(tmp_path, form):
    edges = tmp_path / "edges.txt"
    edges.write_text("1 2 0.86\n2 3 0.1\n3 4 123.456\n")
    gx("import", tmp_path / "a.gx", edges, "--preset", "snap", "--create")
    text = gx("export", tmp_path / "a.gx", "graph", "--format", form).out
    for weight in ["0.86", "0.1", "123.456"]:
        assert weight in text
    assert "0.8600" not in text and "0.1000" not in text
