"""Leakage: a log made by hand, whose amounts can be reckoned, and the sample shop."""

import shutil

import pytest
from conftest import gx


@pytest.fixture(scope="module")
def rival(tmp_path_factory):
    """a, b, c listen to s, who buys at the rival's on day 10; a and b follow within a week, c had bought there before; t
    names nobody and is followed by nobody; d says via whom it came."""
    folder = tmp_path_factory.mktemp("rival")
    (folder / "ties.csv").write_text("src,dst,kind,directed\n" + "".join(f"{u},s,follow,1\n" for u in "abc") + "a,t,follow,1\n", encoding="utf-8")
    (folder / "items.csv").write_text("item_id,seller\nours,us\nx,rival\ny,rival\n", encoding="utf-8")
    rows = [
        ("a", "ours", "buy", 1, "10", "", "", "shop"),
        ("b", "ours", "buy", 2, "10", "", "", "shop"),
        ("c", "y", "buy", 8, "7", "", "", "other"),  # before the act of s
        ("s", "x", "buy", 10, "50", "", "", "other"),
        ("a", "x", "buy", 12, "20", "", "", "other"),
        ("b", "y", "buy", 15, "30", "", "Far", "other"),
        ("a", "ours", "buy", 20, "10", "", "", "shop"),
        ("d", "x", "buy", 21, "40", "s", "", "other"),
        ("b", "x", "buy", 28, "99", "", "", "shop"),  # too late
        ("t", "x", "buy", 11, "5", "", "", "other"),
    ]
    with open(folder / "events.csv", "w", encoding="utf-8") as file:
        file.write("user_id,item_id,action,ts,amount,via,store,channel\n")
        for user, item, action, day, amount, via, store, channel in rows:
            file.write(f"{user},{item},{action},2026-03-{day:02}T00:00:00Z,{amount},{via},{store},{channel}\n")
    gx("init", folder / "r.gx")
    gx("import", folder / "r.gx", folder / "items.csv", folder / "ties.csv", folder / "events.csv")
    return folder / "r.gx"


def leakage(store, *flags):
    told = gx("leakage", store, *flags, "--format", "json").json()
    return told, {row["user"]: row for row in told["members"]}


def test_what_was_steered(rival):
    """a's 20 is shared by s and t; b's 30 and d's 40 are of s alone; c's 7 came before s."""
    told, by = leakage(rival, "--where", 'seller = "rival"')
    s, t = by["s"], by["t"]
    assert (s["named"], s["after"], s["before"]) == (40, 40, 7) and s["steered"] == pytest.approx(40 + 40 - 7)
    assert (t["after"], t["steered"]) == (10, 10)
    assert s["followers"] == 3 and s["ours"] == 2 and s["gone"] == 1  # a bought with us again, b did not; d never had
    assert told["elsewhere"] == 7 + 50 + 20 + 30 + 40 + 99 + 5 and told["purchases"] == 7
    assert told["steered"] == pytest.approx(sum(row["steered"] for row in told["members"]))


def test_other_places(rival):
    _, by = leakage(rival, "--channels", "other")
    assert by["s"]["steered"] == pytest.approx(73)
    _, by = leakage(rival, "--stores", "Far")
    assert by == {}  # s was not there
    _, by = leakage(rival, "--where", 'seller = "rival"', "--window", "3d")
    assert by["s"]["after"] == 10 and by["s"]["before"] == 7


def test_acts_of_one_time_are_in_no_order(tmp_path):
    """s buys, and again at the same time as a: a followed the first, whoever was imported first."""
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\na,s,follow,1\n", encoding="utf-8")
    rows = ["s,x,buy,2026-03-01T00:00:00Z,1,other", "s,x,buy,2026-03-03T00:00:00Z,1,other", "a,x,buy,2026-03-03T00:00:00Z,100,other"]
    (tmp_path / "events.csv").write_text("\n".join(["user_id,item_id,action,ts,amount,channel"] + rows) + "\n", encoding="utf-8")
    for first, second in ("as", "sa"):
        (tmp_path / "users.csv").write_text(f"user_id\n{first}\n{second}\n", encoding="utf-8")
        gx("init", tmp_path / f"{first}.gx")
        for name in ("users", "ties", "events"):
            gx("import", tmp_path / f"{first}.gx", tmp_path / f"{name}.csv")
        _, by = leakage(tmp_path / f"{first}.gx", "--channels", "other")
        assert (by["s"]["after"], by["s"]["before"], by["s"]["steered"]) == (100, 0, 100)


def test_who_was_forgotten_steers_nobody(rival, tmp_path):
    """d's purchase via s is one via nobody then, and a followed t alone."""
    store = tmp_path / "r.gx"
    (shutil.copytree if rival.is_dir() else shutil.copy)(rival, store)
    gx("call", store, "user.forget", '{"user": "s"}')
    told, by = leakage(store, "--where", 'seller = "rival"')
    assert list(by) == ["t"] and by["t"]["steered"] == 20
    assert told["steered"] == 20


def test_errors(rival):
    assert "accepted are channels, stores or where" in gx("leakage", rival, code=2).err
    assert "moon" in gx("leakage", rival, "--channels", "moon", code=4).err


def test_the_sample_shop(built_shop, serve):
    told, by = leakage(built_shop, "--channels", "offline", "-n", "1000000")
    assert by and all(row["steered"] <= row["named"] + row["after"] + 1e-6 for row in told["members"])
    assert told["steered"] <= told["elsewhere"]
    assert [row["steered"] for row in told["members"]] == sorted((row["steered"] for row in told["members"]), reverse=True)
    for form in ("table", "md"):
        shown = gx("leakage", built_shop, "--where", "price > 0", "-n", 3, "--format", form).out
        assert "e+" not in shown and any(float(word) > 10000 for word in shown.split() if word.isdigit())
    over = serve(built_shop).connect().call("audience.leakage", {"channels": ["offline"], "n": 1000000})
    assert over == told
