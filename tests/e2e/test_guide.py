"""The shopping guide: who shares what with whom. A shop made by hand, and the sample shop with what is planted in it."""

import collections
import csv
import json

import pytest
from conftest import gx


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def guide(store, *flags):
    return gx("guide", store, *flags, "--format", "json").json()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """a, b, c, d follow s, who bought x and y and looked at z; b has x, d blocked s, c buys what x goes with."""
    folder = tmp_path_factory.mktemp("small")
    ties = [(u, "s", "follow") for u in "abcd"]
    (folder / "ties.csv").write_text("src,dst,kind,directed\n" + "".join(f"{a},{b},{k},1\n" for a, b, k in ties), encoding="utf-8")
    events = [("s", "x", "buy"), ("s", "y", "buy"), ("s", "z", "view"), ("b", "x", "buy"), ("c", "w", "buy"), ("s", "w", "dislike")]
    events += [(f"o{k}", item, "buy") for k in range(8) for item in ("x", "w")] + [(f"o{k}", "y", "buy") for k in range(8, 16)]
    (folder / "events.csv").write_text(
        "user_id,item_id,action,ts\n" + "".join(f"{u},{i},{a},2026-01-{1 + k % 28:02}T00:00:00Z\n" for k, (u, i, a) in enumerate(events)), encoding="utf-8"
    )
    (folder / "items.csv").write_text("item_id,title,category,status\nx,Tea,tea,on\ny,Pan,kitchen,on\nz,Cup,kitchen,on\nw,Pot,tea,on\n", encoding="utf-8")
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "items.csv", folder / "ties.csv", folder / "events.csv")
    gx("build", folder / "s.gx")
    return folder / "s.gx"


def test_a_share_is_of_what_was_bought_to_those_who_have_it_not(small):
    told = guide(small, "s", "--chances", "constant", "--p", "0.2", "--per-member", "5")
    shares = {share["item"]["id"]: share for share in told["shares"]}
    assert set(shares) == {"x", "y"} and told["chances"] == "constant"
    assert {row["user"] for row in shares["x"]["audience"]} == {"a", "c", "d"}
    assert {row["user"] for row in shares["y"]["audience"]} == {"a", "b", "c", "d"}
    by = {row["user"]: row for row in shares["x"]["audience"]}
    assert by["c"]["p"] > by["a"]["p"] and by["a"]["chance"] == pytest.approx(0.2)
    for share in told["shares"]:
        assert share["expected"] == pytest.approx(sum(row["p"] for row in share["audience"]))
    assert told["expected"] == pytest.approx(sum(share["expected"] for share in told["shares"]))
    assert "Tea" in shares["x"]["prompt"]["en"] and "3 of those" in shares["x"]["prompt"]["en"] and "3 位" in shares["x"]["prompt"]["zh"]


def test_few_are_not_counted_to_the_sharer(small):
    share = guide(small, "s", "--items", "x", "--audience", "2", "--chances", "constant", "--p", "0.2")["shares"][0]
    assert share["prompt"]["en"].startswith("You bought Tea. Some of those") and "位" not in share["prompt"]["zh"]


def test_limits(small):
    told = guide(small, "s", "--per-sharer", "1", "--chances", "constant", "--p", "0.2")
    assert len(told["shares"]) == 1 and "within the limits" in told["short"]
    one = guide(small, "s", "--per-member", "1", "--chances", "constant", "--p", "0.2")["shares"]
    assert all(count == 1 for count in collections.Counter(row["user"] for share in one for row in share["audience"]).values())
    assert "nobody listens" in guide(small, "a")["short"]
    assert "not in this store" in gx("guide", small, "nobody", code=4).err
    assert [s["item"]["id"] for s in guide(small, "s", "--where", 'category = "kitchen"')["shares"]] == ["y"]


def test_who_is_unknown_is_told(small):
    done = gx("guide", small, "s", "zzz", "--items", "x,yyy", "--format", "json")
    assert done.json()["unknown"] == ["zzz", "yyy"] and done.json()["shares"]
    assert "zzz is not in this store" in done.err and "yyy is not in this store" in done.err
    assert guide(small, "s")["unknown"] == []


def test_being_heard_is_not_taken_for_a_sale(small):
    """Nothing was learnt: how many of those who hear of it take it is assumed, as in a plan, and said so."""
    done = gx("guide", small, "s", "--format", "json")
    told = done.json()
    assert told["chances"] == "weighted" and told["rate"] == 0.05 and told["rate_from"] == "assumed" and "it is assumed that 0.05" in done.err
    assert guide(small, "s", "--rate", "0.01")["expected"] == pytest.approx(told["expected"] / 5)
    row = told["shares"][0]["audience"][0]
    assert row["p"] < 0.2 < row["chance"]
    given = guide(small, "s", "--chances", "constant", "--p", "0.2")
    assert given["rate"] == 1 and given["rate_from"] == "given"
    none = guide(small, "s", "--rate", "0")
    assert none["shares"] == [] and "the rate is 0" in none["short"]


@pytest.fixture(scope="module")
def told(built_shop):
    return guide(built_shop, "-n", "40", "--per-item", "2", "--audience", "30")


def test_it_keeps_to_the_limits(told, shop_files):
    shares = told["shares"]
    assert len(shares) == 40
    bought, heard = collections.defaultdict(set), collections.defaultdict(set)
    for event in read(shop_files / "events.csv"):
        if event["action"] in ("buy", "refund"):  # who gave it back does not want it
            bought[event["user_id"]].add(event["item_id"])
    for tie in read(shop_files / "ties.csv"):
        heard[tie["dst"]].add(tie["src"])
        if tie["directed"] not in ("1", "true"):
            heard[tie["src"]].add(tie["dst"])
    assert max(collections.Counter(share["sharer"] for share in shares).values()) <= 3
    assert max(collections.Counter(share["item"]["id"] for share in shares).values()) <= 2
    members = collections.Counter(row["user"] for share in shares for row in share["audience"])
    assert max(members.values()) <= 2
    pairs = collections.Counter((row["user"], share["item"]["id"]) for share in shares for row in share["audience"])
    assert max(pairs.values()) == 1
    for share in shares:
        assert share["item"]["id"] in bought[share["sharer"]] and len(share["audience"]) <= 30
        for row in share["audience"]:
            assert share["item"]["id"] not in bought[row["user"]]
            assert row["user"] in heard[share["sharer"]]
            assert 0 < row["p"] <= 1


def test_whom_to_find_goes_with_nobody_named(built_shop, shop_files):
    user = gx("leaders", built_shop, "-n", 1, "--format", "csv").rows()[0]["user"]
    for flag in ("leaders", "promoters", "risk-most"):
        assert f"{flag.replace('-', '_')} was given with sharers" in gx("guide", built_shop, user, f"--{flag}", 0, code=2).err


def test_planted_leaders_share_and_decoys_do_not(told, shop_files):
    """Decoys have as many followers; nobody ever bought because of them."""
    sharers = {share["sharer"] for share in told["shares"]}
    leaders = {row["user_id"] for row in read(shop_files / "truth" / "leaders.csv")}
    decoys = {row["user_id"] for row in read(shop_files / "truth" / "decoys.csv")}
    print(len(sharers), len(sharers & leaders), len(sharers & decoys))
    # Reached: 29 of 31, and 2 decoys; of the sample shop's leaders and decoys together 3 in 4 are leaders.
    assert len(sharers & decoys) <= 0.1 * len(sharers)
    assert len(sharers & leaders) >= 0.8 * len(sharers)


def test_tables_and_rpc(built_shop, serve, told):
    rows = gx("guide", built_shop, "-n", "3", "--format", "csv").rows()
    assert [row["rank"] for row in rows] == ["1", "2", "3"] and "你买过" in rows[0]["prompt.zh"]
    each = gx("guide", built_shop, "-n", "3", "--show", "audience", "--format", "csv").rows()
    assert len(each) == sum(len(json.loads(row["audience"])) for row in rows)
    over = serve(built_shop).connect().call("audience.guide", {"n": 40, "per_item": 2, "audience": 30})
    assert over == told


def test_words_are_true_where_nobody_bought(tmp_path):
    """A shop of ratings and views: who rated it, looked at it, or did something that has no word is told so."""
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\n" + "".join(f"{u},s,follow,1\n" for u in "abcd"), encoding="utf-8")
    (tmp_path / "items.csv").write_text("item_id,title\nx,Tea\ny,Pan\nz,Cup\n", encoding="utf-8")
    events = [("s", "x", "rate", 5), ("s", "y", "view", ""), ("s", "y", "like", ""), ("s", "z", "view", ""), ("a", "x", "rate", 4)]
    rows = [f"{u},{i},{a},{v},2026-01-{k + 1:02}T00:00:00Z\n" for k, (u, i, a, v) in enumerate(events)]
    (tmp_path / "events.csv").write_text("user_id,item_id,action,value,ts\n" + "".join(rows), encoding="utf-8")
    gx("import", tmp_path / "s.gx", tmp_path / "items.csv", tmp_path / "ties.csv", tmp_path / "events.csv", "--create")
    gx("build", tmp_path / "s.gx", "--passes", "leaders,item_knn,strength,leiden")
    shares = {share["item"]["id"]: share for share in guide(tmp_path / "s.gx", "s", "--chances", "constant", "--p", "0.2", "--per-member", "5")["shares"]}
    for item, title, en, zh in (("x", "Tea", "rated", "评过分"), ("y", "Pan", "liked", "喜欢"), ("z", "Cup", "looked at", "看过")):
        share = shares[item]
        assert share["prompt"]["en"].startswith(f"You {en} {title}. ") and share["prompt"]["zh"].startswith(f"你{zh} {title},")
        assert share["message"]["en"].startswith(f"I {en} {title}") and share["message"]["zh"].startswith(f"我{zh} {title}")
        assert f"who {en} {title}" in share["why"]["en"] and f"{zh} {title}" in share["why"]["zh"]
        assert "bought" not in str(share) and "买" not in str(share)
