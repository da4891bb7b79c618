"""A campaign planned: seeds, the prospects they reach and how many are expected to take the item; by hand, and on the sample shop."""

import csv

import pytest
from conftest import gx


def plan(store, *flags):
    return gx("plan", store, *flags, "--format", "json").json()


def table(folder, name, rows):
    path = folder / f"{name}.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """a and e heed s, b heeds a, c heeds b; h, who heeds s, has the item; d heeds s and dislikes it; nothing says who likes it."""
    folder = tmp_path_factory.mktemp("plan")
    ties = [("a", "s"), ("e", "s"), ("b", "a"), ("c", "b"), ("h", "s"), ("d", "s")]
    files = [
        table(folder, "users", ["user_id,region,fee", "s,south,3", "a,north,1", "b,north,1", "c,south,1", "e,south,1", "h,north,1", "d,north,1"]),
        table(folder, "items", ["item_id,title,status", "x,Tea,on", "off,Pan,off"]),
        table(folder, "ties", ["src,dst,kind,directed"] + [f"{a},{b},follow,1" for a, b in ties]),
        table(folder, "events", ["user_id,item_id,action,ts", "h,x,buy,2026-01-01T00:00:00Z", "d,x,dislike,2026-01-02T00:00:00Z"]),
    ]
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", *files)
    gx("build", folder / "s.gx")
    return folder / "s.gx"


CHAIN = ("x", "--include", "s", "-k", 1, "--chances", "constant", "--p", 0.5, "--rate", 0.4, "--runs", 40000)


def test_a_chain_by_hand(small):
    told = plan(small, *CHAIN)
    rows = {row["user"]: row for row in told["prospects"]}
    assert set(rows) == {"a", "b", "c", "e"} and [row["user_id"] for row in told["seeds"]] == ["s"]
    for user, reach in (("a", 0.5), ("b", 0.25), ("c", 0.125), ("e", 0.5)):
        assert rows[user]["reach"] == pytest.approx(reach, abs=0.02)
        assert rows[user]["p"] == pytest.approx(rows[user]["reach"] * rows[user]["willing"])
    assert told["expected"]["expected"] == pytest.approx(sum(row["p"] for row in rows.values()))
    assert told["expected"]["interval"][0] < told["expected"]["expected"] < told["expected"]["interval"][1]
    assert {user for user, row in rows.items() if row["channel"] in ("leader", "friends")} == {"a", "e"}
    assert told["left_out"]["has_it"] == 1 and told["left_out"]["rule"] == 1 and told["rate_from"] == "given"
    assert told["expected"]["low"] == 0 and told["expected"]["expected"] < told["expected"]["high"] <= 4


def test_prospects_of_an_audience(small):
    told = plan(small, *CHAIN, "--audience", 'region = "north"')
    assert {row["user"] for row in told["prospects"]} == {"a", "b"} and told["left_out"]["audience"] >= 2


def test_a_budget_is_kept(small):
    told = plan(small, "x", "--budget", 2, "--cost", "fee", "--chances", "constant", "--p", 0.5, "--rate", 0.4)
    assert "s" not in {row["user_id"] for row in told["seeds"]} and told["spent"] <= 2
    assert told["cost_each"] == pytest.approx(told["spent"] / told["expected"]["expected"])


def test_costs_out_of_a_file(small, tmp_path):
    flags = ("x", "--budget", 2, "--chances", "constant", "--p", 0.5, "--rate", 0.4)
    fees = table(tmp_path, "fees", ["user_id,fee", "s,3", "a,1", "b,1", "c,1", "e,1", "h,1", "d,1"])
    assert plan(small, *flags, "--cost", fees) == plan(small, *flags, "--cost", "fee")
    assert "none.csv" in gx("plan", small, *flags, "--cost", tmp_path / "none.csv", code=4).err


def test_what_is_refused(small):
    assert "item 'y'" in gx("plan", small, "y", code=4).err
    assert "may not be shown" in gx("plan", small, "off", code=1).err
    gx("plan", small, code=2)
    assert "rate" in gx("plan", small, "x", "--rate", 2, code=2).err
    assert "no member has the region 'west'" in gx("plan", small, "x", "--audience", 'region = "west"', code=4).err
    told = plan(small, "x", "--audience", 'region = "north" and region = "south"')
    assert told["seeds"] == told["prospects"] == [] and told["expected"]["expected"] == 0 and "not of the audience" in told["short"]
    assert "cost_else was given without a budget" in gx("plan", small, "x", "--cost-else", 3, code=2).err
    assert "the quotas (most, most_each) let nobody else in" in plan(small, "x", "--by", "region", "--most-each", 0)["short"]


@pytest.fixture(scope="module")
def item(shop_files):
    with open(shop_files / "items.csv", encoding="utf-8", newline="") as file:
        return next(row["item_id"] for row in csv.DictReader(file) if row["status"] == "active")


@pytest.fixture(scope="module")
def told(built_shop, item):
    return plan(built_shop, item, "-k", 10, "--prospects", 100000)


def test_the_parts_sum_to_the_whole(told):
    whole = told["expected"]
    for part in ("channels", "circles"):
        for key in ("members", "reached", "expected"):
            assert sum(row[key] for row in told[part]) == pytest.approx(whole[key]), (part, key)
        assert all(0 <= row["low"] <= row["expected"] <= row["high"] <= row["members"] for row in told[part])
    assert sum(row["p"] for row in told["prospects"]) == pytest.approx(whole["expected"])
    assert len(told["prospects"]) <= whole["members"] <= told["candidates"] <= whole["members"] + len(told["seeds"])
    assert not {row["user"] for row in told["prospects"]} & {row["user_id"] for row in told["seeds"]}
    assert whole["low"] < whole["interval"][0] < whole["expected"] < whole["interval"][1] < whole["high"]
    assert all(row["p"] == pytest.approx(row["reach"] * row["willing"]) and 0 < row["willing"] <= 1 for row in told["prospects"])


def gains(told):
    return sum(row["gain"] for row in told["seeds"])


def test_gains_sum_to_what_is_expected(told, built_shop, shop, item):
    assert all(row["gain"] >= 0 for row in told["seeds"]) and gains(told) == pytest.approx(told["expected"]["expected"])
    gx("build", shop, "--passes", "influence,leiden,leaders,strength,item_knn")
    learned = plan(shop, item, "-k", 5)
    assert learned["chances"] == "learned" and gains(learned) == pytest.approx(learned["expected"]["expected"])


def test_prospects_are_counted_however_often_it_is_played(small, built_shop, item):
    few, many = (plan(built_shop, item, "-k", 3, "--runs", runs) for runs in (20, 400))
    for part in ("channels", "circles"):
        name = part[:-1]
        assert {row[name]: row["members"] for row in few[part]} == {row[name]: row["members"] for row in many[part]}
    assert few["expected"]["members"] == many["expected"]["members"] >= few["candidates"] - 3
    none = plan(small, "x", "-k", 1, "--rate", 0)
    assert none["expected"]["members"] == none["candidates"] and "rate is 0" in none["short"]


def test_who_has_it_is_no_prospect(told, shop_files, item):
    with open(shop_files / "events.csv", encoding="utf-8", newline="") as file:
        bought = {row["user_id"] for row in csv.DictReader(file) if row["item_id"] == item and row["action"] == "buy"}
    assert bought and not bought & {row["user"] for row in told["prospects"]}


def test_another_simulation_agrees(told, built_shop, serve):
    """Expected conversions are the worth that guanxi simulate reaches, with other random numbers, where members are worth how willing they are."""
    seeds = [row["user_id"] for row in told["seeds"]]
    weight = {row["user"]: row["willing"] for row in told["prospects"]}
    client = serve(built_shop).connect()
    reach = client.call("seed.simulate", {"seeds": seeds, "weight": weight, "chances": told["chances"], "runs": 4000, "seed": 99})["reach"]
    error = (reach["error"] ** 2 + told["expected"]["error"] ** 2) ** 0.5
    assert abs(reach["mean"] - told["expected"]["expected"]) < 4 * error


def test_tables(built_shop, item):
    for show, first in (("seeds", "user_id"), ("prospects", "rank"), ("channels", "channel"), ("circles", "circle")):
        done = gx("plan", built_shop, item, "-k", 3, "--show", show, "--runs", 200, "--format", "csv")
        assert done.out.split(",")[0] == first and "expected to take it" in done.err
    assert gx("plan", built_shop, item, "-k", 3, "--runs", 200, "--format", "json", "--threads", 1).out == gx(
        "plan", built_shop, item, "-k", 3, "--runs", 200, "--format", "json", "--threads", 2
    ).out


def test_learned_chances_say_how_often(shop, item):
    gx("build", shop, "--passes", "influence,leiden,leaders,strength,item_knn")
    told = plan(shop, item, "-k", 5, "--prospects", 100000)
    assert (told["chances"], told["rate"], told["rate_from"]) == ("learned", 1, "learned")
    assert all(row["willing"] == 1 and row["p"] == row["reach"] for row in told["prospects"])
    assert sum(row["p"] for row in told["prospects"]) == pytest.approx(told["expected"]["expected"])
    more = plan(shop, item, "-k", 5, "--include", ",".join(row["user_id"] for row in told["seeds"]), "--raise", 2)
    assert more["expected"]["expected"] > told["expected"]["expected"] + 4 * told["expected"]["error"]
    assert plan(shop, item, "-k", 5, "--chances", "weighted")["rate_from"] == "assumed"


def follow(note, store):
    """Runs what stands between `…`, for this store."""
    commands = [text.split()[1:] for text in note.split("`")[1::2]]
    for verb, *args in commands:
        gx(verb, store, *(arg for arg in args if arg != "STORE"))
    return commands


def test_what_learns_chances_leaves_the_other_passes(shop, item):
    told = plan(shop, item, "-k", 3, "--runs", 50)
    (note,) = told["notes"]
    assert "none were learnt" in note and follow(note, shop) == [["run", "STORE", "influence", "--write", "influence"]]
    told = plan(shop, item, "-k", 3, "--runs", 50)
    assert told["chances"] == "learned" and told["notes"] == []
    assert told["seeds"][0]["leads"] is not None


def test_circles_that_are_found_for_an_answer_are_told(shop, item):
    gx("build", shop, "--passes", "influence,strength")
    told = plan(shop, item, "-k", 2, "--runs", 50)
    assert told["circles"][0]["members"] > 0 and any(row["channel"] == "circle" and row["members"] for row in told["channels"])
    without, found, _ = told["notes"]
    assert "without the pass leiden" in without and "nothing to anybody's fit" in without and "found for it" in found
    assert len(plan(shop, item, "-k", 2, "--runs", 50, "--by", "region")["notes"]) == 2


def test_chances_out_of_date_are_told(shop, item, tmp_path):
    """One new tie, and what was learnt is of others than there are now."""
    gx("build", shop, "--passes", "influence,leiden,leaders,strength,item_knn")
    assert plan(shop, item, "-k", 3, "--runs", 50)["notes"] == []
    assert gx("guide", shop, "-n", 3, "--format", "json").json()["notes"] == []
    some = plan(shop, item, "-k", 3, "--runs", 50, "--since", "2026-01-01")
    assert some["chances"] == "weighted" and "ask about all ties" in some["notes"][0]
    users = [row["user_id"] for row in gx("seeds", shop, "-k", 2, "--runs", 0, "--format", "csv").rows()]
    gx("import", shop, table(tmp_path, "ties", ["src,dst,kind,directed", f"{users[0]},stranger,follow,1"]))
    for verb, *args in (("plan", item, "-k", 3, "--runs", 50), ("guide", "-n", 3)):
        done = gx(verb, shop, *args, "--format", "json")
        (note,) = done.json()["notes"]
        assert done.json()["chances"] == "weighted" and "weighted ones" in note and "learns them again" in note
        assert note in gx(verb, shop, *args, "--format", "csv").err
        assert "learns them again" in gx(verb, shop, *args, "--chances", "learned", code=1).err
        assert gx(verb, shop, *args, "--chances", "weighted", "--format", "json").json()["notes"] == []
    follow(note, shop)
    assert plan(shop, item, "-k", 3, "--runs", 50)["notes"] == []


def test_without_leaders_nobody_is_known_to_lead(shop, item):
    gx("build", shop, "--passes", "leiden,strength,item_knn")
    told = plan(shop, item, "-k", 3, "--runs", 50)
    assert all(row["leads"] is None for row in told["seeds"]) and any("without the pass leaders" in note for note in told["notes"])
    assert told["channels"][0]["channel"] == "leader" and told["channels"][0]["members"] == 0
    notes = gx("guide", shop, "-n", 3, "--format", "json").json()["notes"]
    assert "none were learnt" in notes[0] and "without the pass leaders" in notes[1]


def test_without_strength_what_needs_it_is_refused(shop, item):
    gx("build", shop, "--passes", "leiden,leaders,item_knn")
    for verb, *args in (("teams", item), ("experts", "u1", "--category", "tea")):
        assert "without the pass strength" in gx(verb, shop, *args, code=1).err
