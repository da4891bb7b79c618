"""The shapes that scripts rely on (README, `guanxi help`), through the command line and over RPC alike."""

import datetime
import json

import pytest
from conftest import gx


def member(store):
    return gx("centrality", store, "degree", "-n", "1", "--format", "csv").rows()[0]["user_id"]


def test_status(built_shop):
    status = gx("status", built_shop, "--format", "json").json()
    for name in "users items groups members ties events snapshot schema".split():
        assert isinstance(status[name], int), name
    assert status["users"] == 2000 and status["snapshot"] == 1


def test_recommend(built_shop):
    user = member(built_shop)
    lists = gx("recommend", built_shop, user, "-n", "7", "--format", "json").json()
    assert isinstance(lists, list) and len(lists) == 1
    entry = lists[0]
    assert entry["user"] == user and "rung" in entry and "short" in entry and len(entry["items"]) == 7
    for item in entry["items"]:
        assert {"id", "score", "channels", "why"} <= set(item)
        assert abs(sum(item["channels"].values()) - 1) < 1e-6
        for why in item["why"]:
            assert {"channel", "share", "en", "zh", "evidence"} <= set(why)


def test_communities(built_shop):
    rows = gx("communities", built_shop, "--members", "--format", "csv")
    assert rows.out.splitlines()[0] == "user_id,community"
    assert len(rows.rows()) == 2000
    by_row = gx("communities", built_shop, "--format", "csv").rows()
    assert sum(int(row["size"]) for row in by_row) == 2000


def test_overlapping_communities(built_shop):
    rows = gx("communities", built_shop, "overlapping", "--members", "--format", "csv").rows()
    assert len({(r["user_id"], r["community"]) for r in rows}) == len(rows) >= len({r["user_id"] for r in rows}) == 2000
    sizes = gx("communities", built_shop, "overlapping", "--format", "csv").rows()
    assert sum(int(row["size"]) for row in sizes) == len(rows)


def test_communities_against_labels(built_shop, serve, tmp_path):
    found = gx("communities", built_shop, "--members", "--format", "csv").rows()
    labels = tmp_path / "labels.txt"
    labels.write_text("user_id label\nnobody c-0\n" + "".join(f"{r['user_id']} {r['community']}\n" for r in found))
    words = ["--quality", "--labels", labels, "--format", "json"]
    here = gx("communities", built_shop, *words).json()
    assert here["agreement"] == {"members": 2000, "nmi": 1, "ami": 1, "ari": 1}
    quality = here["quality"]
    assert abs(quality["modularity"] - here["modularity"]) < 1e-9 and quality["disconnected"] == 0
    assert 0 < quality["conductance"] <= quality["conductance_most"] <= 1 and 0 < quality["coverage"] <= 1
    assert gx("communities", serve(built_shop).unix, *words).json() == here
    parts = gx("communities", built_shop, "components", *words).json()
    assert parts["agreement"]["ami"] < 0.5 < parts["quality"]["coverage"]
    assert "no member has" in gx("communities", built_shop, "--labels", "no_such_field", code=2).err
    labels.write_text("u1\n")
    assert "labels.txt:1" in gx("communities", built_shop, "--labels", labels, code=2).err


def test_centrality(built_shop):
    out = gx("centrality", built_shop, "pagerank", "--all", "--format", "csv")
    assert out.out.splitlines()[0] == "user_id,score"
    scores = [float(row["score"]) for row in out.rows()]
    assert len(scores) == 2000 and abs(sum(scores) - 1) < 1e-9 and scores == sorted(scores, reverse=True)
    assert len(gx("centrality", built_shop, "pagerank", "-n", "3", "--format", "csv").rows()) == 3


def test_leaders_are_the_same_by_both_doors(built_shop, serve):
    here = gx("leaders", built_shop, "--format", "json", "-n", "5").json()
    assert {"user", "score", "rank", "follower_rank", "parts"} <= set(here["leaders"][0])
    assert -1 <= here["follower_correlation"] <= 1
    server = serve(built_shop, "--read-only")
    assert server.connect().call("graph.leaders", {"n": 5}) == here
    assert gx("leaders", server.unix, "--format", "json", "-n", "5").json() == here
    tcp = server.tcp.replace("tcp:", "tcp://")
    assert gx("leaders", tcp, "--format", "json", "-n", "5").json() == here


@pytest.mark.parametrize("verb, args", [("recommend", ["-n", "5"]), ("ego", ["--depth", "2"]), ("community", None)])
def test_the_same_answer_from_a_store_and_a_server(built_shop, serve, verb, args):
    user = member(built_shop)
    words = ["--user", user] if args is None else [user, *args]
    server = serve(built_shop, "--read-only")
    for form in ("json", "jsonl", "csv", "table"):
        assert gx(verb, built_shop, *words, "--format", form).out == gx(verb, server.unix, *words, "--format", form).out


def test_jsonl_is_a_line_a_row(built_shop):
    lines = gx("leaders", built_shop, "--format", "jsonl", "-n", "4").out.splitlines()
    assert len(lines) == 4 and all(json.loads(line)["user"] for line in lines)


def test_the_same_seed_gives_the_same_bytes_at_any_number_of_threads(shop_files, tmp_path):
    hashes = set()
    for threads in (1, 2, 4):
        store = tmp_path / f"s{threads}.gx"
        gx("import", store, shop_files, "--create")
        gx("build", store, "--threads", threads)
        import safetensors.numpy

        arrays = safetensors.numpy.load_file(store / "models" / "000001.safetensors")
        hashes.add(tuple((name, arrays[name].tobytes()) for name in sorted(arrays)))
    assert len(hashes) == 1


def test_heads_of_arrays_say_whose_they_are(built_shop):
    rows = {row["name"]: row for row in gx("run", built_shop, "pagerank", "-n", "3", "--format", "json").json()["arrays"]}
    score = rows["pagerank.score"]
    of = gx("run", built_shop, "pagerank", "--of", ",".join(score["ids"]), "--format", "json").json()["members"]
    assert [row["score"] for row in of] == score["head"] and rows["pagerank.bound"]["ids"] is None
    circle = {row["name"]: row["head"] for row in gx("run", built_shop, "circle", "--format", "json").json()["arrays"]}
    assert all(isinstance(name, str) for name in circle["circle.category"]) and "category.names" not in circle


def test_estimate_says_what_it_would_take(built_shop):
    plan = gx("build", built_shop, "--estimate", "--format", "json").json()
    assert plan["mem_bytes"] > 0 and {"pagerank", "leiden", "ials"} <= {step["pass"] for step in plan["steps"]}
    tight = gx("build", built_shop, "--mem", "10000", code=7)
    assert "memory" in tight.err
    assert gx("status", built_shop, "--format", "json").json()["snapshot"] == 1


def test_a_deadline_is_kept(built_shop):
    gx("centrality", built_shop, "betweenness", "--fresh", "--deadline", "1ms", code=6)


def test_ppr_is_pagerank_from_one_member(built_shop, serve):
    user = member(built_shop)
    words = ["ppr", built_shop, user, "-n", "30", "--directed", "--epsilon", "1e-10", "--format", "json"]
    near = gx(*words).json()
    rows = gx("centrality", built_shop, "pagerank", "--members", user, "--all", "--format", "csv").rows()
    whole = {row["user_id"]: float(row["score"]) for row in rows}
    assert len(near["members"]) == 30 and near["bound"] < 1e-3
    assert abs(near["own"] - whole[user]) <= near["bound"] + 1e-6
    for row in near["members"]:
        assert -1e-6 <= whole[row["user"]] - row["score"] <= row["short"] + 1e-6
    assert gx("ppr", serve(built_shop).unix, *words[2:]).json() == near


def leaves(row, outer=""):
    """A row as columns: a map is its entries, OUTER.NAME."""
    flat = {}
    for key, value in row.items():
        flat.update(leaves(value, f"{outer}{key}.") if isinstance(value, dict) and value else {f"{outer}{key}": value})
    return flat


ROWS = {
    "leaders -n 5": "leaders",
    "leaders --topic category=skincare -n 5": "leaders",
    "teams sku-12 --size 4 --balance-by gender -n 3": "teams",
    "detractors -n 5": "members",
    "guide -n 4": "shares",
    "experts u7 --category tea": "experts",
    "audience --item sku-1 -n 5": "users",
    "audience u1 u2 -n 5": "users",
    "audience --fit u1 u2 -n 5": "users",
    "ties u1": "ties",
    "roles -n 5": "roles",
    "communities": "communities",
    "bridges -n 5": "bridges",
    "cascade": "cascades",
    "seeds -k 3": "seeds",
}


@pytest.mark.parametrize("words", ROWS)
def test_rows_have_the_same_names_in_every_form(built_shop, words):
    verb, *flags = words.split()
    told = gx(verb, built_shop, *flags, "--format", "json").json()[ROWS[words]]
    lines = [json.loads(line) for line in gx(verb, built_shop, *flags, "--format", "jsonl").out.splitlines()]
    assert lines == told and told
    rows = gx(verb, built_shop, *flags, "--format", "csv").rows()
    page = gx(verb, built_shop, *flags, "--format", "md").out.splitlines()
    assert [cell.strip() for cell in page[0].strip("|").split("|")] == list(rows[0])
    assert len(page) == len(rows) + 2
    for line, row in zip(lines, rows, strict=True):
        flat = leaves(line)
        assert {name for name, value in flat.items() if value is not None} <= row.keys()
        for name, value in flat.items():
            if value is None:
                assert not row.get(name)
            elif name == "why":
                assert row["why"] == "; ".join(one["en"] for one in value)
            elif isinstance(value, str):
                assert row[name] == value
            elif name in ("first", "last") and row[name].endswith("Z"):
                assert datetime.datetime.fromisoformat(row[name]).timestamp() == value // 1000
            else:
                assert json.loads(row[name]) == value, name


def test_lists_of_lists_lose_nothing_as_rows(built_shop):
    item = gx("recommend", built_shop, "u1", "-n", 1, "--format", "json").json()[0]["items"][0]
    row = gx("recommend", built_shop, "u1", "-n", 1, "--format", "csv").rows()[0]
    assert {part: float(row[f"channels.{part}"]) for part in item["channels"]} == item["channels"]
    item = gx("group", built_shop, "u1", "u2", "-n", 1, "--format", "json").json()["items"][0]
    row = gx("group", built_shop, "u1", "u2", "-n", 1, "--format", "csv").rows()[0]
    assert json.loads(row["members"]) == item["members"] and row["zh"] == item["zh"]
    assert item.keys() - {"id", "en"} <= row.keys()


def test_an_empty_answer_has_the_columns_of_a_full_one(built_shop):
    of_none = gx("leaders", built_shop, "--flagged", "--community", "c-1", "--format", "csv").out.splitlines()
    full = gx("leaders", built_shop, "--format", "csv").out.splitlines()
    assert len(of_none) == 1 and full[0].startswith(of_none[0] + ",")
