"""Who has left, or is barred from the shop, is asked for nothing: no seed, no sharer, no team, no expert. And what finds nobody says so at once."""

import csv

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
