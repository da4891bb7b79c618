"""The lists beside `recommend`, from the command line: what goes with an item, candidates in order, one list for many,
the order of categories, whom to show an item, what to talk about."""

import csv
import shutil
import random

import pytest

from conftest import gx


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Cameras x and y, of which a member buys one; a card follows within days; thirty other things at any time."""
    folder = tmp_path_factory.mktemp("planted")
    draw = random.Random(11)
    rows = ["user_id,item_id,action,ts"]
    for user in range(300):
        for _ in range(5):
            rows.append(f"u{user},thing{draw.randrange(30)},buy,{1_700_000_000 + draw.randrange(360) * 86400}")
        if user % 2 == 0:
            day = 1_700_000_000 + draw.randrange(300) * 86400
            rows.append(f"u{user},camera-{'xy'[user // 2 % 2]},buy,{day}")
            if draw.random() < 0.5:
                rows.append(f"u{user},card,buy,{day + 86400 * draw.randint(1, 20)}")
    (folder / "events.csv").write_text("\n".join(rows) + "\n")
    shop = folder / "shop.gx"
    gx("init", shop)
    gx("import", shop, folder / "events.csv")
    gx("build", shop)
    return shop


def test_a_camera_leads_to_a_card_and_not_the_reverse(planted):
    for camera in ("camera-x", "camera-y"):
        rows = gx("bundle", planted, camera, "--format", "csv").rows()
        assert rows[0]["item"] == "card" and "who bought" in rows[0]["why"]
        assert not {row["item"] for row in rows} & {"camera-x", "camera-y"}
    back = gx("bundle", planted, "card", "--format", "csv")
    assert not {row["item"] for row in back.rows()} & {"camera-x", "camera-y"}
    assert gx("bundle", planted, "camera-x", "--exclude", "card", "--format", "json").json()["items"] == []
    zh = gx("bundle", planted, "camera-x", "--format", "json").json()["items"][0]["why"][0]["zh"]
    assert "camera-x" in zh and "%" in zh


def test_substitutes_are_in_the_snapshot(planted):
    rows = gx("run", planted, "bundle", "--array", "like_item", "--format", "csv", code=None)
    assert rows.code == 0, rows.err


def test_rank_group_and_layout(built_shop):
    ranked = gx("rank", built_shop, "u1", "sku-1", "sku-100", "sku-358", "nothing", "--seen", "none", "--format", "json")
    answer = ranked.json()
    assert [row["rank"] for row in answer["items"]] == list(range(1, len(answer["items"]) + 1))
    assert answer["unknown"] == ["nothing"]
    assert len(answer["items"]) + len(answer["left_out"]) == 3
    for how in ("average", "least_misery", "fair"):
        rows = gx("group", built_shop, "u1", "u2", "u3", "--how", how, "-n", "5", "--format", "csv").rows()
        assert len(rows) == 5 and all(float(row["least"]) <= float(row["average"]) + 1e-6 for row in rows)
    layout = gx("layout", built_shop, "u1", "u2", "--format", "json").json()
    assert all(abs(sum(c["share"] for c in one["categories"]) - 1) < 1e-6 for one in layout)


def test_audience_and_starters(built_shop):
    rows = gx("audience", built_shop, "--item", "sku-1", "-n", "20", "--format", "csv").rows()
    assert len(rows) == 20 and all(row["why"] for row in rows)
    more = gx("audience", built_shop, *[row["user"] for row in rows[:5]], "-n", "10", "--format", "json").json()
    assert more["seeds"] == 5 and not {u["user"] for u in more["users"]} & {row["user"] for row in rows[:5]}
    answer = gx("starters", built_shop, "--circle", "c-0", "--format", "json", code=None)
    assert answer.code in (0, 4), answer.err


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["bundle", "SHOP", "nowhere"], 4, "nowhere"),
        (["rank", "SHOP", "u1"], 2, "items"),
        (["group", "SHOP"], 2, "exactly one"),
        (["group", "SHOP", "u1", "--how", "loud"], 2, "average"),
        (["group", "SHOP", "--circle", "17x"], 2, "17x"),
        (["layout", "SHOP"], 2, "users"),
        (["audience", "SHOP"], 2, "exactly one"),
        (["audience", "SHOP", "--item", "nowhere"], 4, "nowhere"),
        (["audience", "SHOP", "--item", "sku-1", "--fit"], 2, "--fit goes with a list, --group"),
        (["audience", "SHOP", "--item", "sku-1", "--who", "inside"], 2, "--who goes with --fit"),
        (["audience", "SHOP", "--circle", "c-0", "--likes", "tea"], 2, "--likes goes with --fit"),
        (["audience", "SHOP", "--circle", "c-0", "--who", "inside"], 2, "--who goes with --fit"),
        (["audience", "SHOP", "--circle", "c-0", "--seen", "all"], 2, "--seen goes with --item"),
        (["audience", "SHOP", "--circle", "c-0", "--fit", "--channels", "circle=1"], 2, "--channels goes with --item"),
    ],
)
def test_errors_name_what_was_given(built_shop, words, code, said):
    words = [str(built_shop) if word == "SHOP" else word for word in words]
    result = gx(*words, code=code)
    assert said in result.err, result.err


def test_a_group_that_is_too_large_is_told_what_to_do(built_shop):
    members = [f"u{k}" for k in range(1, 202)]
    err = gx("group", built_shop, *members, code=None).err
    assert "201 members" in err and "up to 200" in err and "circle" in err
    assert gx("group", built_shop, *members[:200], "-n", "3", "--format", "csv").rows()
    assert gx("group", built_shop, "--circle", "c-0", "-n", "3", "--format", "csv").rows()


def test_what_goes_with_it_is_not_said_to_be_bought_where_nobody_buys(tmp_path):
    """The same shop of views: who looked at a camera looked at a card."""
    draw = random.Random(11)
    rows = ["user_id,item_id,action,ts"]
    for user in range(200):
        rows += [f"u{user},thing{draw.randrange(30)},view,{1_700_000_000 + draw.randrange(360) * 86400}" for _ in range(5)]
        if user % 2:
            day = 1_700_000_000 + draw.randrange(300) * 86400
            rows += [f"u{user},camera,view,{day}", f"u{user},card,view,{day + 86400 * draw.randint(1, 20)}"]
    (tmp_path / "events.csv").write_text("\n".join(rows) + "\n")
    gx("import", tmp_path / "s.gx", tmp_path / "events.csv", "--create")
    gx("build", tmp_path / "s.gx", "--passes", "bundle")
    why = gx("bundle", tmp_path / "s.gx", "camera", "--format", "json").json()["items"][0]["why"][0]
    assert "who took to camera took to it within 30 days" in why["en"] and "选过 camera 的人" in why["zh"]
    assert "bought" not in why["en"] and "买" not in why["zh"]


@pytest.fixture(scope="module", params=[False, True], ids=["no snapshot", "built"])
def silent(request, tmp_path_factory):
    """Members and items, and nothing that anybody did."""
    folder = tmp_path_factory.mktemp("silent")
    (folder / "users.csv").write_text("user_id,consent\nA,yes\nB,yes\nC,no\n")
    (folder / "items.csv").write_text("item_id,title,category\ni1,One,tea\ni2,Two,tea\ni3,Three,toys\n")
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "users.csv", folder / "items.csv")
    if request.param:
        gx("build", folder / "s.gx")
    return folder / "s.gx"


def test_where_nothing_is_known_no_reason_says_otherwise(silent):
    group = gx("group", silent, "A", "B", "--format", "json").json()
    assert group["rung"] == "popular" and len(group["items"]) == 3
    for item in group["items"]:
        assert item["en"] == "Fills the list: nothing is known that speaks for it"
        assert [row["rung"] for row in item["members"]] == ["popular"] * 2 and "liked" not in item
    for users in (("A", "C"), ("C",)):
        group = gx("group", silent, *users, "--format", "json").json()
        assert {item["en"] for item in group["items"]} == {"Put forward for the group as a whole"}
        assert group["rung"] == ("popular" if "A" in users else None)
    page = gx("layout", silent, "A", "--format", "json").json()[0]
    assert page["rung"] == "popular" and [row["category"] for row in page["categories"]] == ["tea", "toys"]
    assert sum(row["share"] for row in page["categories"]) == pytest.approx(1)
    assert all("nothing is known yet of what suits you" in row["en"] and not row["en"].startswith("0%") for row in page["categories"])


def test_what_is_only_popular_is_told_so(silent, tmp_path):
    store = shutil.copytree(silent, tmp_path / "s.gx")
    (tmp_path / "events.csv").write_text("user_id,item_id,action,ts\nC,i3,buy,2024-05-01\nC,i2,buy,2024-05-02\nD,i3,buy,2024-05-02\n")
    gx("import", store, tmp_path / "events.csv")
    gx("build", store)
    group = gx("group", store, "A", "B", "--format", "json").json()
    assert group["rung"] == "popular" and {item["id"]: item["en"] for item in group["items"]} == {
        "i3": "Popular in this shop",
        "i2": "Popular in this shop",
        "i1": "Fills the list: nothing is known that speaks for it",
    }
    page = gx("layout", store, "A", "--format", "json").json()[0]
    assert sum(row["share"] for row in page["categories"]) == pytest.approx(1)
    assert all("of what is popular here" in row["en"] for row in page["categories"])


def acts(shop_files):
    """Who took to what, by item; items that somebody spoke against after all are left out."""
    out, against = {}, set()
    with open(shop_files / "events.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            out.setdefault(row["item_id"], set()).add(row["user_id"])
            if row["action"] in ("dislike", "refund"):
                against.add(row["item_id"])
    return {item: who for item, who in out.items() if item not in against}, set().union(*out.values())


def test_times_the_average_is_what_the_counts_give(built_shop, shop_files):
    """Of the circle and of starters: the share of those in it over the share of all, not shrunk."""
    did, active = acts(shop_files)
    circle = {row["user_id"]: row["community"] for row in gx("communities", built_shop, "--members", "--format", "csv").rows()}
    checked = 0
    for user in sorted(circle)[:12]:
        for item in gx("recommend", built_shop, user, "-n", "20", "--format", "json").json()[0]["items"]:
            for why in item["why"]:
                told = why["evidence"]
                if why["channel"] != "circle" or "lift" not in told or item["id"] not in did:
                    continue
                mine = [member for member in did[item["id"]] if circle[member] == told["community"]]
                times = told["share"] * len(circle) / len(did[item["id"]])
                assert told["n"] == len(mine) and told["lift"] == pytest.approx(times)
                assert f"{times:.1f} times the average" in why["en"] and f"{times:.1f} 倍" in why["zh"]
                checked += 1
    assert checked > 5
    who = sorted(circle)[:40]
    rows = gx("starters", built_shop, *who, "-n", "100", "--format", "json").json()["items"]
    rows = [row for row in rows if row["id"] in did]
    assert rows
    for row in rows:
        times = len(did[row["id"]] & set(who)) / len(who) / (len(did[row["id"]]) / len(active))
        assert row["lift"] == pytest.approx(times) and f"{times:.1f} times the average" in row["en"]
