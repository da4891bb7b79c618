"""Who has left, or is barred from the shop, is asked for nothing: no seed, no sharer, no team, no expert. And what finds nobody says so at once."""

import csv
import json
import shutil

import pytest
from conftest import gx

GONE = {"status": "left", "left_at": ""}


def names(told):
    """Every id of a member anywhere in an answer."""
    if isinstance(told, dict):
        return set().union(*map(names, told.values()))
    if isinstance(told, list):
        return set().union(*map(names, told))
    return {told} if isinstance(told, str) and told.startswith("u") and told[1:].isdigit() else set()


def ask(store, verb, *rest):
    return gx(verb, store, *rest, "--format", "json").json()


CALLS = (
    ("seeds", "-k", 10, "--runs", 0),
    ("plan", "sku-1", "-k", 10),
    ("guide", "-n", 30),
    ("teams", "sku-1", "-n", 40),
    ("audience", "--item", "sku-1", "-n", 10),
    ("audience", "--circle", "c-1", "-n", 10),
    ("experts", "u1", "--category", "skincare"),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("departed")
    gx("demo", folder / "data", "--users", 600)
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", *sorted((folder / "data").glob("*.csv")))
    gx("build", folder / "s.gx")
    with open(folder / "data" / "users.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return folder, rows


def test_nobody_who_left_is_asked(shop):
    folder, rows = shop
    before = {call: names(ask(folder / "s.gx", *call)) for call in CALLS}
    gone = set().union(*before.values()) - {"u1"}
    assert all(before[call] & gone for call in CALLS)
    how = [{"status": "Left"}, {"status": "banned"}, {"left_at": "2026-01-01"}]
    with open(folder / "gone.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["user_id", "status", "left_at", "consent"])
        table.writeheader()
        for place, row in enumerate(rows):
            left = how[place % 3] if row["user_id"] in gone else {}
            table.writerow({"status": "active", "left_at": "", **left, "user_id": row["user_id"], "consent": "yes"})
    gx("import", folder / "s.gx", folder / "gone.csv")
    for call in CALLS:
        told = ask(folder / "s.gx", *call)
        if call[0] == "plan":
            assert told["left_out"]["departed"] > 0
        if call[0] == "seeds":
            assert len(told["seeds"]) == 10 and told["left_out"]["departed"] == len(gone)
        if call[0] == "experts":  # the way there may lead past somebody
            told = [expert["user"] for expert in told["experts"]]
        found = names(told)
        assert found and not found & gone, call


def test_who_left_leads_no_list_and_has_a_card(shop):
    folder, rows = shop
    before = ask(folder / "s.gx", "leaders", "-n", 600)["leaders"]
    best, category = before[0]["user"], ask(folder / "s.gx", "leaders", "--card", before[0]["user"])["card"]["leads_in"][0]["category"]
    (folder / "one.csv").write_text(f"user_id,status\n{best},left\n", encoding="utf-8")
    left_before = ask(folder / "s.gx", "leaders", "-n", 600)["left_out"]["departed"]
    gx("import", folder / "s.gx", folder / "one.csv")
    told = ask(folder / "s.gx", "leaders", "-n", 600)
    assert told["leaders"] == before[1:] and told["left_out"]["departed"] == left_before + 1
    for more in (("--category", category), ("--community", before[0]["community"])):
        told = ask(folder / "s.gx", "leaders", *more, "-n", 5)
        assert best not in {row["user"] for row in told["leaders"]} and told["left_out"]["departed"] >= 1
    assert len(ask(folder / "s.gx", "leaders", "-n", 3)["leaders"]) == 3
    assert "who departed" in gx("leaders", folder / "s.gx", "-n", 3).err
    card = ask(folder / "s.gx", "leaders", "--card", best)["card"]
    assert card["departed"] is True
    told = ask(folder / "s.gx", "roles", "-n", 600)
    assert best not in {row["user"] for row in told["roles"]} and len(told["roles"]) + told["left_out"]["departed"] == len(rows)


def test_seeds_where_nobody_may_be_one(shop):
    folder, _ = shop
    for limit in (("--min-activity", 100000), ("--segment", 'region = "Hubei" and region = "Fujian"'), ("--budget", 0)):
        told = gx("seeds", folder / "s.gx", "-k", 4, *limit, "--format", "json", timeout=5).json()
        assert told["seeds"] == [] and told["sets"] == 0 and told["ended"] == "nobody" and "0 of 4" in told["short"]
    assert ask(folder / "s.gx", "plan", "sku-1", "--budget", 0)["seeds"] == []


def test_a_pass_that_was_not_built_is_said_how_to_add(shop):
    folder, _ = shop
    said = gx("seeds", folder / "s.gx", "--chances", "learned", code=1).err
    assert "guanxi run STORE influence --write influence" in said
    gx("run", folder / "s.gx", "influence", "--write", "influence")
    assert len(ask(folder / "s.gx", "seeds", "-k", 3, "--chances", "learned")["seeds"]) == 3
    assert ask(folder / "s.gx", "leaders", "-n", 3)["leaders"]


@pytest.fixture(scope="module")
def hubs(tmp_path_factory):
    """30 heed hub1, all of whom have left; 10 heed hub2, who stay."""
    folder = tmp_path_factory.mktemp("hubs")
    ties = [f"g{k},hub1,follow,1" for k in range(30)] + [f"f{k},hub2,follow,1" for k in range(10)]
    how = ("left,", ",2026-01-01", "closed,2025-12-01")
    users = [f"g{k},{how[k % 3]},south" for k in range(30)] + [f"f{k},active,,north" for k in range(10)]
    (folder / "ties.csv").write_text("\n".join(["src,dst,kind,directed", *ties]) + "\n", encoding="utf-8")
    (folder / "users.csv").write_text("\n".join(["user_id,status,left_at,city", *users, "hub1,,,north", "hub2,,,north"]) + "\n", encoding="utf-8")
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "users.csv", folder / "ties.csv")
    return folder / "s.gx"


@pytest.mark.parametrize("model", ["cascade", "threshold"])
@pytest.mark.parametrize("chances", [(), ("--chances", "strength"), ("--chances", "constant", "--p", "1")])
def test_who_left_is_not_reached(hubs, model, chances):
    flags = ("--model", model, *chances)
    told = ask(hubs, "seeds", "-k", 1, *flags)
    assert [row["user_id"] for row in told["seeds"]] == ["hub2"] and told["spread"] == pytest.approx(11, abs=1)
    assert told["members"] == 12 and told["left_out"]["departed"] == 30
    assert told["simulated"]["mean"] == pytest.approx(11) and told["bound"]["upper"] < 20
    one = ask(hubs, "simulate", "hub1", *flags, "--by", "city")
    assert (one["reach"]["mean"], one["members"], one["unknown"]) == (1, 12, [])
    assert [(row["circle"], row["members"], row["reached"]) for row in one["circles"]] == [("north", 12, 1)]
    assert ask(hubs, "simulate", "hub2", *flags)["reach"]["mean"] == 11


def test_who_left_is_no_follower_of_a_leader(hubs, tmp_path):
    """hub1 led while the 30 were there; with one of them back it is behind the ten of hub2."""
    store = shutil.copytree(hubs, tmp_path / "s.gx")
    gx("build", store)
    told = ask(store, "leaders", "-n", 2)["leaders"]
    assert told[0]["user"] == "hub2" and told[0]["follower_rank"] == 1 and told[1]["score"] == 0
    card = ask(store, "leaders", "--card", "hub1")
    assert card["leaders"][0]["score"] == 0 and card["card"]["measures"]["followers"] == 0
    assert card["card"]["audience"]["followers"] == card["card"]["audience"]["asked"] == 0
    (tmp_path / "back.csv").write_text("user_id,status\ng0,active\n")
    gx("import", store, tmp_path / "back.csv")
    gx("build", store)
    first, second = ask(store, "leaders", "-n", 2)["leaders"]
    assert (first["user"], second["user"]) == ("hub2", "hub1") and 0 < second["score"] < first["score"]
    card = ask(store, "leaders", "--card", "hub1")["card"]
    assert card["audience"]["followers"] == card["measures"]["followers"] == 1 and card["measures"]["core"] < 0.1


def test_who_left_is_no_follower_in_a_community(tmp_path):
    """Ten friends heed hub, all of one circle; four of them have left, then six."""
    ties = [f"f{k},hub,follow,1" for k in range(10)] + [f"f{a},f{b},friend,0" for b in range(10) for a in range(b)]
    (tmp_path / "ties.csv").write_text("\n".join(["src,dst,kind,directed", *ties]) + "\n")
    gx("init", tmp_path / "s.gx")
    gx("import", tmp_path / "s.gx", tmp_path / "ties.csv")
    gx("build", tmp_path / "s.gx")

    def at(*who):
        rows = [next((row for row in ask(tmp_path / "s.gx", "roles", user)["communities"] if row["home"])) for user in who]
        return [(row["size"], row["followers"], row["follows"], row["role"]) for row in rows]

    (size, followers, follows, role), (_, _, heeds, _) = at("hub", "f8")
    assert (size, followers, follows, role) == (11, 10, 0, "leader") and heeds == 10
    for gone, told in (((0, 1, 2, 3), (7, 6, 0, "leader")), ((0, 1, 2, 3, 4, 7), (5, 4, 0, "ordinary"))):
        (tmp_path / "gone.csv").write_text("user_id,status\n" + "".join(f"f{k},left\n" for k in gone))
        gx("import", tmp_path / "s.gx", tmp_path / "gone.csv")
        assert at("hub")[0] == told
    assert at("f8")[0][2] == 4  # hub and three friends


def test_a_sharer_that_left_shares_nothing(tmp_path):
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\na,s,follow,1\nb,s,follow,1\na,t,follow,1\n")
    (tmp_path / "events.csv").write_text("user_id,item_id,action,ts\n" + "".join(f"{u},x,buy,2026-01-0{k}\n" for k, u in enumerate("stz", 1)))
    gx("init", tmp_path / "s.gx")
    gx("import", tmp_path / "s.gx", tmp_path / "ties.csv", tmp_path / "events.csv")
    gx("build", tmp_path / "s.gx")
    flags = ("--chances", "constant", "--p", "0.2")
    both = ask(tmp_path / "s.gx", "guide", "s", "t", *flags)
    assert both["sharers"] == 2 and "departed" not in both
    (tmp_path / "gone.csv").write_text("user_id,status\ns,left\n")
    gx("import", tmp_path / "s.gx", tmp_path / "gone.csv")
    told = ask(tmp_path / "s.gx", "guide", "s", "t", *flags)
    assert told["departed"] == ["s"] and told["sharers"] == 1 and {row["sharer"] for row in told["shares"]} == {"t"}
    none = gx("guide", tmp_path / "s.gx", "s", *flags)
    assert "1 sharers have departed, the first is 's': they share nothing" in none.err and "those who were named have departed" in none.err


def test_a_topic_counts_who_is_still_here(hubs, tmp_path):
    store = shutil.copytree(hubs, tmp_path / "s.gx")
    acts = [f"{hub},p1,buy,2025-06-01" for hub in ("hub1", "hub2")]
    acts += [f"{letter}{k},p1,buy,2025-06-0{2 + k % 7}" for letter, count in (("g", 30), ("f", 10)) for k in range(count)]
    (tmp_path / "events.csv").write_text("\n".join(["user_id,item_id,action,ts", *acts]) + "\n")
    (tmp_path / "items.csv").write_text("item_id,brand,category\np1,acme,tea\n")
    gx("import", store, tmp_path / "items.csv", tmp_path / "events.csv")
    gx("build", store)
    for more in (("--topic", "brand=acme"), ("--category", "tea"), ("--topic", "category=tea")):
        assert [row["user"] for row in ask(store, "leaders", *more)["leaders"]] == ["hub2"]


def test_a_seed_that_left_reaches_nobody(hubs):
    told = gx("simulate", hubs, "g0", "hub1", "--format", "json")
    assert told.json()["departed"] == ["g0"] and told.json()["reach"]["seeds"] == 1
    assert "1 seed has departed, the first is 'g0': it reaches nobody" in gx("simulate", hubs, "g0", "hub1").err
    only = ask(hubs, "simulate", "g0")
    assert only["reach"]["mean"] == 0 and only["reach"]["k"] is None
    given = ask(hubs, "seeds", "-k", 2, "--include", "g1", "--by", "city")
    assert [row["user_id"] for row in given["seeds"]] == ["g1", "hub2"] and given["seeds"][0]["gain"] == 0
    assert given["simulated"]["mean"] == pytest.approx(11) and sum(row["reached"] for row in given["circles"]) == pytest.approx(11)


def test_who_left_passes_nothing_on(tmp_path):
    """d heeds c, who left, and c heeds a; e heeds a alone, f both: what f heeds is a alone."""
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\nc,a,follow,1\nd,c,follow,1\ne,a,follow,1\nf,a,follow,1\nf,c,follow,1\n")
    (tmp_path / "users.csv").write_text("user_id,left_at\nc,2026-02-01\na,2999-01-01\n")
    gx("init", tmp_path / "s.gx")
    gx("import", tmp_path / "s.gx", tmp_path / "users.csv", tmp_path / "ties.csv")
    told = ask(tmp_path / "s.gx", "simulate", "a")
    assert (told["members"], told["reach"]["mean"], [row["members"] for row in told["steps"]]) == (4, 3, [1, 2])
    gx("call", tmp_path / "s.gx", "user.forget", '{"user": "d"}')
    assert ask(tmp_path / "s.gx", "simulate", "a")["members"] == 3


def test_who_was_forgotten_is_no_member_to_reach(tmp_path):
    path = tmp_path / "f.gx"
    gx("init", path)
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\n" + "".join(f"f{k},hub,follow,1\n" for k in range(8)))
    (tmp_path / "users.csv").write_text("user_id,city\nhub,x\n" + "".join(f"f{k},x\n" for k in range(8)))
    gx("import", path, tmp_path / "users.csv", tmp_path / "ties.csv")
    gx("call", path, "user.forget", '{"user": "f3"}')
    one = ask(path, "simulate", "hub", "--by", "city")
    assert (one["members"], one["reach"]["mean"]) == (8, 8) and sum(row["members"] for row in one["circles"]) == 8
    told = ask(path, "seeds", "-k", 1)
    assert told["members"] == 8 and told["bound"]["upper"] <= 8 and told["left_out"]["departed"] == 0


def test_learned_chances_are_those_of_the_ties_that_stay(shop, tmp_path):
    """Of many who left: each seed's reach with learned chances is that of the same members where only they have ties."""
    folder, rows = shop
    gx("init", tmp_path / "s.gx")
    gx("import", tmp_path / "s.gx", *sorted((folder / "data").glob("*.csv")))
    gx("build", tmp_path / "s.gx", "--passes", "leiden,influence")
    members = [row["user_id"] for row in rows]
    calls = [("simulate", *members[:5], "--chances", "learned"), ("seeds", "-k", 3, "--chances", "learned"), ("plan", "sku-1", "-k", 5)]
    before = [ask(tmp_path / "s.gx", *call) for call in calls]
    (tmp_path / "gone.csv").write_text("user_id,status\n" + "".join(f"{user},left\n" for user in members[5::2]))
    gx("import", tmp_path / "s.gx", tmp_path / "gone.csv")
    after = [ask(tmp_path / "s.gx", *call) for call in calls]
    left = len(members[5::2])
    assert [b["members"] - a["members"] for b, a in zip(before[:2], after[:2])] == [left, left]
    assert 5 <= after[0]["reach"]["mean"] < before[0]["reach"]["mean"]
    assert after[2]["chances"] == "learned" and after[2]["candidates"] < before[2]["candidates"]
    gone = set(members[5::2])
    for told in after:
        assert not names(told) & gone


@pytest.fixture
def lane(tmp_path):
    """m has three friends, who bought x, and follows lead, who leads in sports and bought y first; t is tied to m's friends. All
    agreed to be named. The friends and lead are in group g, which took to tea; a score of others did this and that."""
    tied = [("m", f"f{k}", "friend") for k in range(3)] + [("t", f"f{k}", "friend") for k in range(3)] + [("m", "lead", "follow")]
    tied += [(f"o{k}", "lead", "follow") for k in range(20)] + [(f"o{k}", f"o{(k + 1) % 20}", "friend") for k in range(20)]
    who = ["m", "t", "lead", *(f"f{k}" for k in range(3)), *(f"o{k}" for k in range(20))]
    acts = [(f"f{k}", item, f"2026-01-0{2 + k}") for k in range(3) for item in ("x", "tea")] + [("lead", item, "2026-01-01") for item in ("y", "y2", "tea")]
    acts += [(f"o{k}", "y", f"2026-01-{2 + k % 9:02}") for k in range(12)] + [(f"o{k}", f"z{k % 5}", "2026-01-03") for k in range(20)]
    files = {
        "users": ["user_id,consent", *(f"{user},yes" for user in who)],
        "items": ["item_id,category", *(f"{i},sports" for i in ("y", "y2")), "x,toys", "tea,tea", *(f"z{k},rest" for k in range(5))],
        "ties": ["src,dst,kind,directed", *(f"{a},{b},{kind},{int(kind == 'follow')}" for a, b, kind in tied)],
        "events": ["user_id,item_id,action,ts", *(f"{user},{item},buy,{day}" for user, item, day in acts)],
        "groups": ["group_id,name", "g,Lane"],
        "members": ["group_id,user_id,joined_at", *(f"g,{user},2025-01-01" for user in ("lead", "f0", "f1", "f2"))],
    }
    for name, lines in files.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    store = tmp_path / "s.gx"
    gx("init", store)
    gx("import", store, *(tmp_path / f"{name}.csv" for name in files))
    gx("build", store)
    return store


def leave(store, *users):
    gx("call", store, "user.put", json.dumps({"users": [{"user_id": user, "status": "left"} for user in users]}))


def reasons(store, channel):
    """Of m's list with this channel alone: {item: reason}."""
    asked = {"users": ["m"], "n": 9, "channels": {"friends": 0, "circle": 0, "interest": 0, "leader": 0, channel: 1}}
    items = gx("call", store, "rec.user", json.dumps(asked)).json()[0]["items"]
    return {item["id"]: why for item in items for why in item["why"] if why["channel"] == channel}


def test_who_left_is_in_no_reason(lane):
    friends, leader = reasons(lane, "friends"), reasons(lane, "leader")
    assert sorted(friends["x"]["evidence"]["people"]) == ["f0", "f1", "f2"] and friends["x"]["en"].startswith("3 friends")
    assert leader["y"]["evidence"]["user"] == "lead"
    meet = {"users": ["m"], "mode": "close"}
    mutual = lambda: {p["id"]: [w for w in p["why"] if w["reason"] == "mutual"] for p in gx("call", lane, "rec.friends", json.dumps(meet)).json()[0]["people"]}["t"]
    assert "f0" in json.dumps(mutual())
    leave(lane, "f0", "lead")
    friends, leader = reasons(lane, "friends"), reasons(lane, "leader")
    assert friends["x"]["evidence"]["people"] == [] and friends["x"]["en"] == "A friend bought it"
    assert all(why["evidence"].get("user") != "lead" for why in leader.values()) and "y2" not in leader
    assert "f0" not in json.dumps(mutual())
    leave(lane, "f1", "f2")
    assert not {"x", "tea"} & set(reasons(lane, "friends"))
    told = gx("call", lane, "rec.explain", json.dumps({"user": "m", "item": "x"})).json()
    assert not {"friends", "leader"} & {why["channel"] for why in told["why"]}


@pytest.mark.parametrize("verb", ["group", "starters"])
def test_who_left_is_in_no_group(lane, verb):
    whole = ask(lane, verb, "--group", "g")
    assert (whole["members"], whole["of"]) == (4, 4) and "departed" not in whole
    if verb == "starters":
        assert [(row["category"], row["n"]) for row in whole["topics"][:1]] == [("tea", 4)]
    leave(lane, "f0")
    told = ask(lane, verb, "--group", "g")
    assert (told["members"], told["of"]) == (3, 3) and "f0" not in json.dumps(told)
    if verb == "starters":
        assert [(row["category"], row["n"]) for row in told["topics"][:1]] == [("tea", 3)]
    named = gx(verb, lane, "f0", "f1", "f2", "--format", "json")
    assert (named.json()["members"], named.json()["departed"]) == (2, ["f0"]) and "f0 has departed: left out" in named.err
    leave(lane, "f1", "f2", "lead")
    assert "nobody is in the group" in gx(verb, lane, "--group", "g", code=None).err
    assert "whoever was named has departed" in gx(verb, lane, "f0", "f1", code=None).err
