"""Circles over time, what joins them, and the figures of the structure, as a user of the program sees them."""

import csv
import io

from conftest import gx


def rows(*words):
    return list(csv.DictReader(io.StringIO(gx(*words, "--format", "csv").out)))


def circle_of(store):
    return {row["user_id"]: row["community"] for row in rows("communities", store, "--members")}


def test_circles_keep_their_names_when_a_few_ties_change(shop, tmp_path):
    before = circle_of(shop)
    ties = tmp_path / "ties.csv"
    members = sorted(before)
    pairs = zip(members[::37], members[5::37])
    ties.write_text("src,dst,kind\n" + "".join(f"{a},{b},friend\n" for a, b in pairs), encoding="utf-8")
    gx("import", shop, ties)
    gx("build", shop, "--check")
    after = circle_of(shop)
    assert sum(before[user] == after[user] for user in before) >= 0.95 * len(before)
    fresh = {row["user_id"]: row["community"] for row in rows("communities", shop, "--members", "--fresh")}
    assert sum(fresh[user] == after[user] for user in after) >= 0.95 * len(after)
    step = gx("lineage", shop, "--format", "json").json()["steps"][0]
    assert (step["from"], step["to"]) == (1, 2) and step["kept"] >= 0.95
    assert gx("lineage", shop, "2", "1", code=2).err
    assert "snapshot" in gx("lineage", shop, "--chain", "--all").out


def test_who_spans_circles(built_shop):
    members = gx("bridges", built_shop, "-n", "5", "--format", "json").json()["bridges"]
    assert len(members) == 5
    assert all(row["circles"] >= 1 and row["joins"] and row["joins"][0]["community"] != row["community"] for row in members)
    assert [row["cross_ties"] for row in members] == sorted((row["cross_ties"] for row in members), reverse=True)
    pairs = gx("bridges", built_shop, "pairs", "--community", members[0]["community"], "--format", "json").json()["bridges"]
    assert pairs and all(row["community"] == members[0]["community"] for row in pairs)
    gx("bridges", built_shop, "ties")


def test_figures_of_the_structure(shop):
    circles = rows("stats", shop, "circles", "-n", "1000", "--min-size", "1")
    (whole,) = rows("stats", shop)
    assert sum(int(row["members"]) for row in circles) == int(whole["members"])
    assert int(whole["hosts"]) > 0 and 0 < float(whole["vertical"]) < 1
    assert float(whole["interactions"]) > 0 and 0 < float(whole["vertical_interactions"]) < 1
    assert 0 < float(whole["weighted_reciprocity"]) <= 1 and float(whole["weight"]) > 0
    assert max(float(row["density"]) for row in circles[:3]) > float(whole["density"])
    gx("build", shop)
    name = circles[0]["community"]
    over_time = rows("stats", shop, "time", "--community", name)
    assert [row["snapshot"] for row in over_time] == ["1", "2"]
    assert all(row["community"] == name for row in over_time)
    assert "vertical" in gx("stats", shop).out
    gx("run", shop, "degree", "--write", "mine")
    gx("run", shop, "structure", "--write", "structure")
    gx("run", shop, "hits", "--write", "more")
    assert [row["snapshot"] for row in rows("stats", shop, "time")] == ["1", "2", "4"]
    assert [row["snapshot"] for row in rows("stats", shop, "time", "-n", "2")] == ["2", "4"]


def test_parts_within_circles(built_shop):
    circles = {row["community"]: int(row["size"]) for row in rows("communities", built_shop)}
    levels = gx("communities", built_shop, "--format", "json").json()["levels"]
    for level in range(levels, 0, -1):
        parts = rows("communities", built_shop, "--level", level)
        sizes = [int(row["size"]) for row in parts]
        assert sum(sizes) == 2000 and sizes == sorted(sizes, reverse=True)
        if level == levels:
            assert {row["community"]: int(row["size"]) for row in parts} == circles and "parent" not in parts[0]
        else:  # a part of the next level is as large as what it holds
            held = dict.fromkeys(above, 0)
            for row in parts:
                held[row["parent"]] += int(row["size"])
            assert held == above
        above = {row["community"]: int(row["size"]) for row in parts}
        who = rows("communities", built_shop, "--level", level, "--members")
        assert len(who) == 2000 and {row["community"] for row in who} == set(above)
    assert levels > 1 and len(above) > len(circles)
    assert len(rows("communities", built_shop, "--level", 1, "-n", 3)) == 3
    assert f"to {levels}" in gx("communities", built_shop, "--level", levels + 1, code=2).err
    assert "no hierarchy" in gx("communities", built_shop, "components", "--level", 1, code=2).err


def test_quality_says_what_it_judges(tmp_path):
    """Ties that all point one way: the two modularities differ, and the figure is that of the partition's own kind."""
    edges, store = tmp_path / "edges.txt", tmp_path / "s.gx"
    ring = [(c + a, c + (a + step) % 8) for c in (0, 8, 16) for a in range(8) for step in (1, 3)]
    edges.write_text("".join(f"{a} {b}\n" for a, b in ring + [(0, 8), (0, 16), (8, 16), (1, 17)]))
    gx("init", store)
    gx("import", store, edges, "--preset", "snap")
    gx("build", store, "--passes", "leiden")
    words = ["--quality", "--format", "json"]
    plain = gx("communities", store, *words).json()
    assert plain["quality"]["directed"] is False
    gx("run", store, "leiden", "--directed", "--write", "dl")
    kept = gx("communities", store, "dl", *words).json()
    fresh = gx("communities", store, "leiden", "--directed", *words).json()
    for answer in (kept, fresh):
        assert answer["quality"]["directed"] is True
        assert abs(answer["quality"]["modularity"] - answer["modularity"]) < 1e-9
    assert abs(kept["quality"]["modularity"] - plain["quality"]["modularity"]) > 1e-4
    over = gx("communities", store, "overlapping", *words).json()
    assert over["quality"]["main_only"] is True and "main_only" not in plain["quality"]


def test_a_name_means_one_circle_wherever_it_is_printed(shop):
    circles = circle_of(shop)
    for words in (("leiden", "--write", "again"), ("leiden", "--resolution", 3, "--write", "fine"), ("components", "--write", "parts")):
        gx("run", shop, *words)
    assert {row["user_id"]: row["community"] for row in rows("communities", shop, "again", "--members")} == circles
    fine = {row["community"] for row in rows("communities", shop, "fine")}
    assert {name for name in fine if name.startswith("c-")} <= set(circles.values()) and any(name.startswith("fine-") for name in fine)
    graph = gx("export", shop, "graph", "--format", "graphml").out
    assert ">parts-0<" in graph and f">{next(iter(circles.values()))}<" in graph
