"""Who is too risky, by the pass leaders, is not asked to share nor put into a team unless one says so. docs/leaders.md."""

import csv
import shutil

import pytest
from conftest import gx


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ask(verb, store, *flags):
    return gx(verb, store, *flags, "--format", "json").json()


class Shop:
    def __init__(self, folder):
        files = folder / "data"
        self.store = folder / "shop.gx"
        gx("demo", files, "--seed", "21", "--fakes", "9", "--players", "5")
        gx("init", self.store)
        gx("import", self.store, files)
        gx("build", self.store)
        flagged = ask("leaders", self.store, "--flagged", "-n", "5000")["leaders"]
        self.risk = {row["user"]: row["risk"] for row in flagged}
        self.excluded = {row["user"] for row in flagged if row["excluded"]}
        self.items = [row["item_id"] for row in read(files / "items.csv") if row["status"] == "active"][:40]


@pytest.fixture(scope="module")
def risky(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("risky"))


@pytest.fixture
def unranked(risky, tmp_path):
    """The same without leaders."""
    shutil.copytree(risky.store, tmp_path / "shop.gx")
    gx("build", tmp_path / "shop.gx", "--passes", "leiden,strength,item_knn")
    return tmp_path / "shop.gx"


def ids(told):
    return {row["user_id"] for row in told["seeds"]}


def in_teams(told):
    return {member["user"] for team in told["teams"] for member in team["members"]}


def test_the_excluded_are_no_seeds(risky):
    told, all_of_them = (ask("seeds", risky.store, "-k", 50, *flags) for flags in ((), ("--risk-most", 100)))
    assert risky.excluded and told["left_out"]["risk"] == len(risky.excluded)
    assert not ids(told) & risky.excluded and len(told["seeds"]) == 50
    assert ids(all_of_them) & risky.excluded and all_of_them["left_out"]["risk"] == 0
    assert all(row["risk"] == pytest.approx(risky.risk.get(row["user_id"], 0)) for row in all_of_them["seeds"])
    assert "risk" not in told["seeds"][0]
    strict = ask("seeds", risky.store, "-k", 50, "--risk-most", 10)
    assert strict["left_out"]["risk"] == sum(risk > 10 for risk in risky.risk.values()) and not ids(strict) & set(risky.risk)


def test_who_is_named_is_a_seed_all_the_same(risky):
    star = min(risky.excluded)
    told = ask("seeds", risky.store, "-k", 3, "--include", star)
    first, *others = told["seeds"]
    assert first["user_id"] == star and first["included"] and first["risk"] == pytest.approx(risky.risk[star])
    assert not {row["user_id"] for row in others} & risky.excluded and told["left_out"]["risk"] == len(risky.excluded) - 1
    planned = ask("plan", risky.store, risky.items[0], "-k", 3, "--include", star, "--runs", 50)
    assert star in ids(planned) and any(row["risk"] > 50 for row in planned["seeds"])


def test_a_plan_has_none(risky):
    seen = set()
    for item in risky.items[:3]:
        told = ask("plan", risky.store, item, "-k", 20, "--runs", 50)
        assert not ids(told) & risky.excluded and told["seeds_left_out"]["risk"] == len(risky.excluded)
        seen |= ids(ask("plan", risky.store, item, "-k", 20, "--runs", 50, "--risk-most", 100)) & risky.excluded
    assert seen
    done = gx("plan", risky.store, risky.items[0], "-k", 3, "--runs", 50, "--format", "csv")
    assert "of too great a risk" in done.err and "--risk-most 100" in done.err


def test_teams_have_none_nor_closed_rings(risky):
    rings = 0
    for item in risky.items[:12]:
        told = ask("teams", risky.store, item, "--close", 1)
        assert not {user for user in in_teams(told) if risky.risk.get(user, 0) > 50 or user in risky.excluded}
        assert told["left_out"]["risk"] == sum(risk > 50 for risk in risky.risk.values())
        rings += len(in_teams(ask("teams", risky.store, item, "--close", 1, "--risk-most", 100)) & set(risky.risk)) > 0
    assert rings > 0


def test_a_guide_finds_none_but_takes_who_is_named(risky):
    told = ask("guide", risky.store, "-n", 40, "--leaders", 500, "--promoters", 2000)
    assert told["shares"] and not {row["sharer"] for row in told["shares"]} & risky.excluded
    assert told["left_out"]["risk"] >= 0
    star = min(risky.excluded)
    assert ask("guide", risky.store, star)["sharers"] == 1


def test_without_the_pass_nobody_is_left_out(risky, unranked):
    told = ask("seeds", unranked, "-k", 20)
    assert told["left_out"]["risk"] == 0
    assert ids(told) == ids(ask("seeds", risky.store, "-k", 20, "--risk-most", 100))
    for verb, *args in (("seeds",), ("plan", risky.items[0]), ("teams", risky.items[0]), ("guide",)):
        assert "without the pass leaders" in gx(verb, unranked, *args, "--risk-most", 50, code=1).err
    assert ask("teams", unranked, risky.items[0])["left_out"]["risk"] == 0


def test_that_nobody_is_left_out_is_told(risky, unranked, tmp_path):
    """With what to run, which ends it; not where everybody is asked for, or the sharers are named."""
    item = risky.items[0]
    calls = (("seeds", "-k", 2), ("plan", item, "-k", 2, "--runs", 50), ("teams", item, "-n", 2), ("guide", "-n", 2))

    def notes(store, verb, *args):
        return [note for note in ask(verb, store, *args)["notes"] if "left out for" in note]

    for verb, *args in calls:
        (note,) = notes(unranked, verb, *args)
        assert "without the pass leaders: nobody is left out for risk" in note and note.endswith("adds it")
        assert note in gx(verb, unranked, *args, "--format", "csv").err
        assert notes(unranked, verb, *args, "--risk-most", 100) == notes(risky.store, verb, *args) == []
    assert not notes(unranked, "guide", min(risky.excluded))
    gx("init", tmp_path / "raw.gx")
    gx("import", tmp_path / "raw.gx", *sorted((risky.store.parent / "data").glob("*.csv")))
    assert "no snapshot" in notes(tmp_path / "raw.gx", "seeds", "-k", 2)[0]
    _, verb, _, name, *flags = note.split("`")[1].split()
    gx(verb, unranked, name, *flags)
    for verb, *args in calls:
        assert not notes(unranked, verb, *args)
    assert ask("seeds", unranked, "-k", 2)["left_out"]["risk"] == len(risky.excluded)


def test_what_it_takes(risky):
    assert "risk_most" in gx("seeds", risky.store, "--risk-most", 101, code=2).err
