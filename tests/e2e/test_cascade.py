"""Cascades: trees of a log made by hand, with everything odd in it, and of the sample shop."""

import collections
import csv

import pytest
from conftest import gx


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """u → a → b, c; a again via d; c via itself; x via nobody known else; y ↔ z at the same moment; a purchase returned."""
    folder = tmp_path_factory.mktemp("odd")
    rows = [
        ("e1", "u", "buy", "2026-01-01T00:00:00Z", "10.00", ""),
        ("e2", "a", "view", "2026-01-02T00:00:00Z", "", "u"),  # came by u, bought a day later
        ("e3", "a", "buy", "2026-01-03T00:00:00Z", "19.99", ""),
        ("e4", "b", "buy", "2026-01-04T00:00:00Z", "10.00", "a"),
        ("e5", "c", "buy", "2026-01-05T00:00:00Z", "10.00", "a"),
        ("e6", "c", "refund", "2026-01-06T00:00:00Z", "", ""),
        ("e7", "a", "buy", "2026-01-07T00:00:00Z", "0.1", "b"),  # via whom it had brought
        ("e8", "d", "buy", "2026-01-08T00:00:00Z", "10.00", "d"),
        ("e9", "x", "buy", "2026-01-09T00:00:00Z", "", "ghost"),
        ("e10", "y", "buy", "2026-01-10T00:00:00Z", "-5", "z"),
        ("e11", "z", "buy", "2026-01-10T00:00:00Z", "5", "y"),
    ]
    with open(folder / "events.csv", "w", encoding="utf-8") as file:
        file.write("event_id,user_id,item_id,action,ts,amount,via\n")
        for event, user, action, ts, amount, via in rows:
            file.write(f"{event},{user},i,{action},{ts},{amount},{via}\n")
    (folder / "users.csv").write_text(
        "user_id,joined_at,invited_by\nu,2026-01-01,\na,2026-01-02,u\nb,2026-01-03,a\nc,2025-01-01,a\n"
        "d,2026-01-05,d\nx,2026-01-06,nobody\ny,2026-01-07,z\nz,2026-01-08,y\n",
        encoding="utf-8",
    )
    (folder / "ties.csv").write_text("src,dst,kind,ts\na,ghost,invite,2026-02-01\nb,ghost,invite,2026-01-15\n", encoding="utf-8")
    gx("init", folder / "odd.gx")
    gx("import", folder / "odd.gx", folder / "users.csv", folder / "ties.csv", folder / "events.csv")
    return folder / "odd.gx"


def nodes(store, *flags):
    rows = gx("cascade", store, "nodes", *flags, "--format", "json").json()["rows"]
    return {row["user"]: row for row in rows}


def test_who_came_by_whom(odd):
    by = {user: row["by"] for user, row in nodes(odd).items()}
    assert by.pop("y", None) == "z" or by.get("z") == "y"  # of the two the log has first
    by.pop("z", None)
    assert by == {"u": None, "a": "u", "b": "a", "c": "a", "ghost": None, "x": "ghost", "d": None}
    told = gx("cascade", odd, "--format", "json").json()["told"]
    assert told["self_via"] == 1 and told["no_amount"] == 1 and told["bad_amount"] == 1
    assert told["implied"] == 2 and told["unrecorded"] == 1 and told["again"] == 2 and told["cycles"] == 2


def agrees(answer):
    """Rows of nodes are all members of the total; whoever is alone comes last, whoever brought somebody has a tree."""
    rows, total = answer["rows"], answer["total"]
    assert len(rows) == total["members"] == len({(r.get("item"), r.get("campaign"), r["user"]) for r in rows})
    for key in ("sales", "revenue_minor", "brought"):
        assert sum(row[key] for row in rows) == total[key]
    assert sum(row["by"] is None for row in rows) == total["roots"]
    alone = [row["by"] is None and row["below"] == 0 for row in rows]
    assert alone == sorted(alone)


def test_nodes_sum_to_the_total(odd, built_shop, shop_files):
    for by in ("item", "campaign", "all", "invite"):
        for store in (odd, built_shop):
            agrees(gx("cascade", store, "nodes", "--by", by, "-n", "1000000", "--format", "json").json())
    item = read(shop_files / "events.csv")[0]["item_id"]
    agrees(gx("cascade", built_shop, "nodes", "--item", item, "-n", "1000000", "--format", "json").json())
    agrees(gx("cascade", odd, "nodes", "--user", "d", "--format", "json").json())
    five = gx("cascade", odd, "nodes", "-n", "5", "--format", "json").json()["rows"]
    assert len(five) == 5 and five == gx("cascade", odd, "nodes", "--format", "json").json()["rows"][:5]


def test_measures(odd):
    total = gx("cascade", odd, "--until", "2026-01-08", "--format", "json").json()["total"]
    assert (total["members"], total["roots"], total["brought"]) == (4, 1, 3)
    assert (total["depth"], total["largest"], total["spreaders"], total["k"]) == (2, 4, 2, 0.75)
    assert total["virality"] == pytest.approx((1 + 2 + 2 + 1 + 1 + 2) / 6)
    assert total["half_hours"] == 48 and total["delay_hours"] == 48
    # c's was returned; a bought twice
    assert total["sales"] == 4 and total["revenue_minor"] == 1000 + 1999 + 1000 + 10
    rows = gx("cascade", odd, "generations", "--until", "2026-01-08", "--format", "csv").rows()
    assert [(r["members"], r["brought"]) for r in rows] == [("1", "1"), ("1", "2"), ("2", "0")]


def test_what_each_brought(odd):
    rows = {r["user"]: r for r in gx("cascade", odd, "members", "--format", "json").json()["rows"]}
    assert (rows["a"]["brought"], rows["a"]["below"], rows["a"]["revenue_minor"]) == (2, 2, 1000)
    assert (rows["u"]["brought"], rows["u"]["below"]) == (1, 3)
    assert (rows["u"]["revenue_minor"], rows["u"]["revenue_below_minor"]) == (2009, 3009)


def test_invites(odd):
    answer = gx("cascade", odd, "nodes", "--by", "invite", "--format", "json").json()
    by = {row["user"]: row["by"] for row in answer["rows"]}
    assert by == {"u": None, "a": "u", "b": "a", "c": "a", "ghost": "b", "y": None, "z": "y", "d": None, "x": None}
    told = answer["told"]
    assert told["self_via"] == 1 and told["unknown_via"] == 1 and told["cycles"] == 1 and told["early"] == 1
    assert told["undated"] == 0


def test_invites_of_a_time(odd):
    """u, a, b, d, c … joined on days of their own; who invited somebody of the time is there as a root."""
    rows = nodes(odd, "--by", "invite", "--since", "2026-01-03", "--until", "2026-01-06")
    assert {user: row["by"] for user, row in rows.items()} == {"a": None, "b": "a", "d": None}
    assert rows["a"]["ts"] is None and (rows["a"]["sales"], rows["b"]["sales"]) == (1, 1)
    assert set(nodes(odd, "--by", "invite", "--until", "2026-01-03")) == {"u", "a", "c"}
    assert gx("cascade", odd, "--by", "invite", "--since", "2026-01-03", "--until", "2026-01-06", "--format", "json").json()["told"]["implied"] == 1
    assert "action was given by invite" in gx("cascade", odd, "--by", "invite", "--action", "buy", code=2).err


def test_of_a_forgotten_member(odd, tmp_path):
    import shutil

    store = tmp_path / "odd.gx"
    shutil.copytree(odd, store)
    gx("call", store, "user.forget", '{"user": "a"}')
    by = {user: row["by"] for user, row in nodes(store).items()}
    assert "a" not in by and by["b"] is None  # alone now
    assert gx("cascade", store, "--format", "json").json()["told"]["unknown_via"] == 2


def test_errors_say_what_is_accepted(odd):
    assert "'j' is not in this store" in gx("cascade", odd, "--item", "j", code=4).err
    assert "'w' is not in this store" in gx("cascade", odd, "nodes", "--user", "w", code=4).err
    assert "--user goes with" in gx("cascade", odd, "--user", "u", code=2).err
    assert "--order goes with" in gx("cascade", odd, "nodes", "--order", "k", code=2).err
    assert "--user goes with" in gx("cascade", odd, "predict", "--item", "i", "--user", "u", code=2).err
    assert "--decimals goes with" in gx("cascade", odd, "predict", "--item", "i", "--decimals", "3", code=2).err
    assert "decimals" in gx("call", odd, "cascade.predict", '{"item": "i", "decimals": 3}', code=2).err
    assert "is not after since" in gx("cascade", odd, "--since", "2026-02-01", "--until", "2026-01-01", code=2).err
    assert "item|campaign|all|invite" in gx("cascade", odd, "--by", "shop", code=2).err


def test_an_empty_store(empty):
    for by in ("item", "campaign", "all", "invite"):
        total = gx("cascade", empty, "--by", by, "--format", "json").json()["total"]
        assert total["members"] == 0 and total["k"] == 0 and total["virality"] is None
        for show in ("members", "trees", "generations", "nodes"):
            assert gx("cascade", empty, show, "--by", by, "--format", "json").json()["rows"] == []


# ---- the sample shop -------------------------------------------------------------------------------


def trees_of(events):
    """A twin: {(item, member): by whom}, of the files."""
    by, came = {}, {}
    for row in sorted(events, key=lambda r: r["ts"]):
        place = (row["item_id"], row["user_id"])
        if row["action"] in ("buy", "share"):
            if place not in by:
                via = row["via"] or came.get(place)
                by[place] = via
                if via:
                    by.setdefault((row["item_id"], via), None)
        elif row["via"] and place not in by:
            came[place] = row["via"]
    return by


def test_trees_of_the_shop_are_those_of_its_log(built_shop, shop_files):
    want = trees_of(read(shop_files / "events.csv"))
    answer = gx("cascade", built_shop, "nodes", "-n", "1000000", "--format", "json").json()
    got = {(row["item"], row["user"]): row["by"] for row in answer["rows"]}
    assert got == {place: by or None for place, by in want.items()}
    total = answer["total"]
    assert total["members"] == len(want)
    assert total["brought"] == sum(1 for by in want.values() if by)
    children = collections.Counter((item, by) for (item, _), by in want.items() if by)
    assert total["spreaders"] == len(children)
    circle = {row["user_id"]: row["circle"] for row in read(shop_files / "truth/circles.csv")}
    crossed = [circle[user] != circle[by] for (_, user), by in want.items() if by]
    assert total["cross_circle"] == pytest.approx(sum(crossed) / len(crossed), abs=0.03)  # circles as found


def test_invites_of_the_shop_are_those_of_its_members(built_shop, shop_files):
    users = read(shop_files / "users.csv")
    total = gx("cascade", built_shop, "--by", "invite", "--format", "json").json()["total"]
    assert total["members"] == len(users)
    assert total["brought"] == sum(1 for row in users if row["invited_by"])


def test_the_same_bytes_again(built_shop):
    once, again = (gx("cascade", built_shop, "members", "--format", "csv", "--threads", t).out for t in (1, 2))
    assert once == again


def test_what_is_told_is_of_the_acts_asked_for(odd, tmp_path):
    """One act via the member itself, one via a forgotten member: told of their time and item alone."""
    import shutil

    store = tmp_path / "odd.gx"
    shutil.copytree(odd, store)
    (tmp_path / "more.csv").write_text(
        "event_id,user_id,item_id,action,ts,amount,via\nf1,a,other,buy,2026-02-01T00:00:00Z,1,a\n", encoding="utf-8"
    )
    gx("import", store, tmp_path / "more.csv")

    def told(*flags):
        return gx("cascade", store, *flags, "--format", "json").json()["told"]["self_via"]

    assert told() == 2 == told("--by", "all")
    assert told("--item", "i") == 1 and told("--item", "other") == 1
    assert told("--by", "all", "--since", "2026-01-31") == 1 and told("--by", "all", "--until", "2025-01-01") == 0
    assert told("--by", "campaign") == 0
