"""Where and when a list is asked for: distance and hour in `where` and `boost`, from the call's context."""

import math
import random

import pytest
from conftest import gx

HERE = (52.52, 13.405)
ITEMS = 60


def kilometres(place, other):
    (a, b), (c, d) = [[math.radians(x) for x in p] for p in (place, other)]
    return 6371.0088 * math.acos(min(1, math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """60 places around a point, half of them with fields of the shop, every tenth without a place; 100 members."""
    folder = tmp_path_factory.mktemp("city")
    draw = random.Random(7)
    places = {f"p{i}": (HERE[0] + draw.uniform(-0.2, 0.2), HERE[1] + draw.uniform(-0.3, 0.3)) for i in range(ITEMS)}
    rows = ["item_id,lat,lon,attr_lat,attr_lon,opens"]
    for i, (item, (lat, lon)) in enumerate(places.items()):
        place = f"{lat:.5f},{lon:.5f}"
        rows.append(f"{item},{',,,' if i % 10 == 9 else place + ',,' if i % 2 else ',,' + place},{i % 24}")
    (folder / "items.csv").write_text("\n".join(rows) + "\n")
    events = ["user_id,item_id,action,ts"]
    events += [f"u{u},p{draw.randrange(ITEMS)},view,{1_700_000_000 + u}" for u in range(100) for _ in range(8)]
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    shop = folder / "city.gx"
    gx("import", shop, folder / "items.csv", "--create")
    gx("import", shop, folder / "events.csv")
    gx("build", shop)
    return shop, {item: place for i, (item, place) in enumerate(places.items()) if i % 10 != 9}


def items(shop, *flags):
    (answer,) = gx("recommend", shop, "u1", "-n", "60", "--seen", "none", *flags, "--format", "json").json()
    return [row["id"] for row in answer["items"]]


@pytest.mark.parametrize("radius", [5, 8, 20])
def test_nearby_is_a_radius(city, radius):
    shop, places = city
    got = items(shop, "--context", f"geo={HERE[0]},{HERE[1]}", "--where", f"distance < {radius}")
    every = items(shop)
    assert set(got) == {item for item in every if item in places and kilometres(HERE, places[item]) < radius}
    assert 0 < len(got) < len(every)


def test_what_is_near_is_lifted(city):
    shop, places = city
    flags = ["--context", f"geo={HERE[0]},{HERE[1]}"]
    plain, lifted = items(shop, *flags), items(shop, *flags, "--boost", "100 where distance < 6")
    near = {item for item in plain if item in places and kilometres(HERE, places[item]) < 6}
    assert set(lifted) == set(plain) and plain == items(shop)
    place = {item: k for k, item in enumerate(lifted)}
    assert sum(place[i] for i in near) < sum(plain.index(i) for i in near)


def test_the_hour_is_that_of_the_call(city):
    shop, _ = city
    whole = items(shop)
    assert items(shop, "--context", "hour=21", "--where", "hour >= 18 and opens < 20") == items(shop, "--where", "opens < 20")
    assert items(shop, "--context", "hour=9", "--where", "hour >= 18") == []
    assert items(shop, "--context", "hour=9", "--where", "hour < 18") == whole


def test_over_the_socket_and_in_an_explanation(city, serve):
    shop, places = city
    connection = serve(shop).connect()
    context = {"geo": list(HERE), "hour": 12}
    far = max(places, key=lambda item: kilometres(HERE, places[item]))
    got = connection.call("rec.explain", {"user": "u1", "item": far, "context": context, "where": "distance < 5", "seen": "none"})
    assert got["why_not"]["rule"] == "where" and got["why_not"]["test"] == "distance < 5"
    connection.close()


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--where", "distance < 5"], "context"),
        (["--where", "hour < 5"], "context"),
        (["--boost", "2 where distance < 5"], "context"),
        (["--context", "geo=91,0"], "52.52,13.4"),
        (["--context", "geo=52"], "52.52,13.4"),
        (["--context", "hour=24"], "0 to 23"),
        (["--context", "hour=late"], "0 to 23"),
        (["--context", "place=here"], "geo"),
    ],
)
def test_refusals(city, flags, said):
    assert said in gx("recommend", city[0], "u1", *flags, code=2).err


def test_a_method_without_a_context_says_so(city):
    assert "context" in gx("similar", city[0], "p1", "--where", "distance < 5", code=2).err


# ---- the other lists -----------------------------------------------------------------------------


def test_context_is_the_same_for_every_list(city, serve):
    """What rec.user makes of the moment is what rank, layout, group and explain make of it."""
    shop, places = city
    connection = serve(shop).connect()
    moment = {"geo": list(HERE), "hour": 12, "cart": ["p3", "p20"], "item": "p41"}
    for context in ({}, moment):
        call = {"seen": "none", "context": context}
        if context:
            call["where"] = "distance < 15 and hour < 13"
        (mine,) = connection.call("rec.user", {"users": ["u1"], "n": 60, **call})
        ids = [row["id"] for row in mine["items"]]
        ranked = connection.call("rec.rank", {"user": "u1", "items": sorted({*ids, "p3", "p41"}), **call})
        assert [(r["id"], r["score"]) for r in ranked["items"]] == [(r["id"], r["score"]) for r in mine["items"]]
        if context:
            assert {row["why_not"]["rule"] for row in ranked["left_out"]} <= {"context", "where"} and ranked["left_out"]
            assert not {"p3", "p20", "p41"} & set(ids) and all(kilometres(HERE, places[i]) < 15 for i in ids)
        group = connection.call("rec.group", {"users": ["u1"], "n": 60, **call})
        assert {row["id"] for row in group["items"]} == set(ids)
        (layout,) = connection.call("rec.layout", {"users": ["u1"], **call})
        assert layout["categories"] == []  # nothing has a category here, and it is no error
    connection.close()


def test_rank_has_the_scores_of_the_list(built_shop):
    """By the weights that were learnt for the member, which recommend goes by."""
    users = [f"u{k}" for k in range(1, 300, 29)]
    for mine in gx("recommend", built_shop, *users, "-n", "15", "--context", "cart=sku-9", "--format", "json").json():
        ids = [row["id"] for row in mine["items"]]
        ranked = gx("rank", built_shop, mine["user"], *sorted(ids), "--context", "cart=sku-9", "--format", "json").json()
        assert [(r["id"], r["score"], r["channels"]) for r in ranked["items"]] == [
            (r["id"], r["score"], r["channels"]) for r in mine["items"]
        ]
    assert gx("explain", built_shop, users[0], "sku-1", "--format", "json").json()["weights_from"] == "learnt"


def test_a_cart_moves_a_ranking_and_a_page(built_shop):
    """A member without a history is answered from the cart: rank and layout as recommend."""
    cart = "sku-1,sku-2"
    (mine,) = gx("recommend", built_shop, "stranger", "-n", "10", "--context", f"cart={cart}", "--format", "json").json()
    assert mine["rung"] == "fold_in"
    ids = [row["id"] for row in mine["items"]]
    ranked = gx("rank", built_shop, "stranger", *sorted(ids), "--context", f"cart={cart}", "--format", "json").json()
    assert [row["id"] for row in ranked["items"]] == ids and ranked["rung"] == "fold_in"
    pages = [
        gx("layout", built_shop, "stranger", *flags, "--format", "json").json()[0]
        for flags in ([], ["--context", f"cart={cart}"])
    ]
    assert [page["rung"] for page in pages][1] == "fold_in" and pages[0]["categories"] != pages[1]["categories"]
    group = gx("group", built_shop, "u1", "u2", "-n", "200", "--seen", "none", "--context", f"cart={cart}", "--format", "json").json()
    assert group["items"] and not {"sku-1", "sku-2"} & {row["id"] for row in group["items"]}


@pytest.mark.parametrize("verb, words", [("similar", ["sku-1"]), ("bundle", ["sku-1"]), ("starters", ["--circle", "c-0"])])
def test_where_and_when_alone(built_shop, city, verb, words):
    shop, places = city
    said = gx(verb, built_shop, *words, "--context", "cart=sku-2", code=2).err
    assert "cart" in said and "geo" in said and "hour" in said
    said = gx(verb, built_shop, *words, "--context", "geo=91,200", code=2).err
    assert "91,200" in said and "latitude" in said
    assert "context" in gx(verb, built_shop, *words, "--where", "distance < 5", code=2).err
    gx(verb, built_shop, *words, "--context", "hour=9", "--where", "hour < 18")
    if verb == "similar":
        flags = ["--context", f"geo={HERE[0]},{HERE[1]}", "--where", "distance < 10", "-n", "60", "--format", "json"]
        (answer,) = gx("similar", shop, "p1", *flags).json()
        got = {row["id"] for row in answer["items"]}
        assert got and all(kilometres(HERE, places[item]) < 10 for item in got)
