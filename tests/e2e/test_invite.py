"""Whom to invite to an event: place, region, capacity, who joined, circles, consent; counted one by one."""

import json
import math
import random
import time

import pytest
from conftest import gx

PLACE = (48.137, 11.575)
MEMBERS = 300


def kilometres(place):
    (a, b), (c, d) = [[math.radians(x) for x in p] for p in (PLACE, place)]
    return 6371.0088 * math.acos(min(1, math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """300 members, even ones drink tea and odd ones coffee, in two regions, some without a place or consent; events."""
    folder = tmp_path_factory.mktemp("invite")
    draw = random.Random(11)
    users, where = ["user_id,region,lat,lon,push,mail"], {}
    for u in range(MEMBERS):
        place = (PLACE[0] + draw.uniform(-0.5, 0.5), PLACE[1] + draw.uniform(-0.5, 0.5))
        where[f"u{u}"] = None if u % 10 == 2 else (round(place[0], 5), round(place[1], 5))
        at = "{},{}".format(*where[f"u{u}"]) if where[f"u{u}"] else ","
        users.append(f"u{u},{'north' if u % 3 else 'south'},{at},{'no' if u % 20 == 4 else ''},{'yes' if u % 4 else ''}")
    items = ["item_id,kind,title,category,lat,lon,capacity,starts_at,ends_at"]
    items += [f"{'coffee' if i % 2 else 'tea'}{i},product,,{'coffee' if i % 2 else 'tea'},,,,," for i in range(30)]
    items.append(f"night,event,Tea night,tea,{PLACE[0]},{PLACE[1]},40,2097-01-01T18:00:00Z,2097-01-01T22:00:00Z")
    items.append(f"past,event,Tea night of yore,tea,{PLACE[0]},{PLACE[1]},40,2020-01-01,2020-01-02")
    items.append("nowhere,event,Tea somewhere,tea,,,,,")
    events = ["user_id,item_id,action,ts"]
    for u in range(MEMBERS):
        drink = "coffee" if u % 2 else "tea"
        events += [f"u{u},{drink}{2 * draw.randrange(15) + u % 2},buy,{1_700_000_000 + u * 60 + k}" for k in range(6)]
    events += [f"u{u},night,{action},1700100000" for u, action in ((0, "join"), (2, "signup"), (6, "attend"), (8, "checkin"), (10, "view"))]
    events += ["u12,night,join,1700100000", "u12,night,cancel,1700200000"]  # is free again
    ties = ["src,dst,kind"] + [f"u{u},u{(u + 2 * draw.randrange(1, 20)) % MEMBERS},friend" for u in range(MEMBERS) for _ in range(4)]
    for name, rows in (("users", users), ("items", items), ("events", events), ("ties", ties)):
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    store = folder / "city.gx"
    gx("init", store)
    for name in ("users", "items", "events", "ties"):
        gx("import", store, folder / f"{name}.csv")
    gx("build", store)
    return store, where


def ask(city, *words, item="night"):
    return gx("audience", city[0], "--item", item, *words, "--format", "json").json()


def names(answer):
    return [row["user"] for row in answer["users"]]


COMING = {"u0", "u2", "u6", "u8"}


def test_an_event_asks_for_as_many_as_there_are_places(city):
    answer = ask(city)
    assert (answer["capacity"], answer["joined"], answer["places"]) == (40, 4, 36)
    assert len(answer["users"]) == 36 and not COMING & set(names(answer)) and answer["short"] is None
    assert answer["left_out"]["joined"] == 4 and answer["left_out"]["no_consent"] >= 14
    assert all(int(user[1:]) % 2 == 0 and int(user[1:]) % 20 != 4 for user in names(answer))
    every = ask(city, "-n", 300)
    assert names(every)[:36] == names(answer) and {"u10"} <= set(names(every))
    assert {user for user in names(every)} >= {f"u{u}" for u in range(0, 300, 2) if u % 20 != 4} - COMING - {"u12"}
    assert COMING <= set(names(ask(city, "-n", 300, "--seen", "none")))
    product = ask(city, item="tea0")
    assert "joined" not in product and len(product["users"]) == 100


@pytest.mark.parametrize("within", [5, 20, 1000])
def test_within_is_a_radius(city, within):
    answer = ask(city, "--within", within, "-n", 300)
    anywhere = ask(city, "-n", 300)
    every = set(names(anywhere))
    near = {user for user, place in city[1].items() if place and kilometres(place) <= within}
    assert set(names(answer)) == every & near
    for row in answer["users"]:
        assert row["distance"] == pytest.approx(kilometres(city[1][row["user"]]), abs=0.01)
        assert any("km from there" in why["en"] and "公里" in why["zh"] for why in row["why"])
        assert sum(why["share"] for why in row["why"]) == pytest.approx(1)
    assert answer["left_out"]["no_place"] > 0 and (answer["left_out"]["far"] > 0) == (within < 1000)
    total = [len(a["users"]) + sum(a["left_out"][why] for why in ("far", "no_place", "no_consent")) for a in (anywhere, answer)]
    assert total[0] == total[1]  # each is counted once
    assert "left_out tells" in answer["short"]


def test_segments_consent_and_circles(city):
    every = names(ask(city, "-n", 300))
    north = ask(city, "--segment", 'region = "north"', "-n", 300)
    assert names(north) == [user for user in every if int(user[1:]) % 3]
    yes = ask(city, "--consent", "mail", "-n", 300)
    assert names(yes) == [user for user in every if int(user[1:]) % 4]
    assert yes["left_out"]["unclear_consent"] == 0
    told = gx("audience", city[0], "--item", "night", "--consent", "region", code=2).err
    assert "consent: no member says yes or no in the field 'region' ('south' of 'u0')" in told
    members = {row["user_id"]: row["community"] for row in gx("communities", city[0], "--members", "--format", "csv").rows()}
    few = ask(city, "--per-circle", 3, "-n", 300)
    taken, want = {}, []
    for user in every:
        circle = members.get(user)
        taken[circle] = taken.get(circle, 0) + 1
        want += [user] if taken[circle] <= 3 or circle is None else []
    assert names(few) == want and few["left_out"]["circle"] == len(every) - len(want) > 0
    circle = members[every[0]]
    assert names(ask(city, "--segment", circle, "-n", 300)) == [user for user in every if members.get(user) == circle]


def test_what_is_said_and_refused(city):
    said = gx("audience", city[0], "--item", "night", "--within", 20)
    assert "4 of 40 places are taken" in said.err and "4 joined" in said.err and "km from there" in said.out
    past = ask(city, item="past")
    assert past["users"] == [] and past["why_not"]["rule"] == "over" and "may not be shown: The event is over" in past["short"]
    assert "no place" in gx("audience", city[0], "--item", "nowhere", "--within", 5, code=2).err
    assert len(ask(city, item="nowhere")["users"]) == 100  # tells no capacity
    assert "--per-circle goes with --item" in gx("audience", city[0], "u1", "--per-circle", 3, code=2).err
    assert "segment" in gx("audience", city[0], "--item", "night", "--segment", "region <", code=2).err
    for within in ("0", "-1", "far"):
        gx("audience", city[0], "--item", "night", "--within", within, code=2)


def test_who_has_gone_is_asked_nothing(city, tmp_path):
    import shutil

    store = tmp_path / "gone.gx"
    shutil.copytree(city[0], store)
    users = names(ask(city, "-n", 300))
    gone = '{"users": [%s]}' % ", ".join(
        f'{{"user_id": "{user}", {how}}}'
        for user, how in zip(users, ('"status": "Closed"', '"status": "BANNED"', '"status": "left"', '"left_at": "2020-01-01"', '"status": "Active"'))
    )
    gx("call", store, "user.put", gone)
    answer = ask((store,), "-n", 300)
    assert not set(users[:4]) & set(names(answer)) and users[4] in names(answer) and answer["left_out"]["departed"] == 4
    lists = gx("recommend", store, "--all", "-n", "1")
    assert not set(users[:4]) & {row["user"] for row in lists.rows()} and "4 departed" in lists.err
    friends = gx("friends", store, users[4], "-n", "200", "--format", "json").out
    assert not any(f'"{user}"' in friends for user in users[:4])


def test_a_full_event_asks_nobody(city, tmp_path):
    import shutil

    store = tmp_path / "full.gx"
    shutil.copytree(city[0], store)
    gx("call", store, "item.put", '{"items": [{"item_id": "night", "capacity": 4}]}')
    answer = gx("audience", store, "--item", "night", "--format", "json").json()
    assert answer["users"] == [] and answer["places"] == 0 and "every place is taken" in answer["short"]
    more = gx("audience", store, "--item", "night", "-n", 7, "--format", "json").json()
    assert len(more["users"]) == 7 and more["short"] is None


def test_an_event_that_is_over_is_in_no_list(tmp_path):
    """By its end, else its start, in any form of time; one without a time, or a product with one, stays."""
    hour, now = 3600, int(time.time())
    events = {
        "soon": (now + hour, ""),
        "going": (now - hour, now + hour),
        "begun": (now - hour, ""),
        "ended": (now - 2 * hour, now - hour),
        "millis": (now * 1000 - hour, now * 1000 - 1),
        "day": ("2020-05-01", "2020-05-02"),
        "later": ("2097-05-01T10:00:00Z", ""),
        "untold": ("", ""),
    }
    rows = [f"{name},event,tea,{starts},{ends}" for name, (starts, ends) in events.items()]
    rows += ["film,content,tea,2020-01-01,2020-01-02", "cup,product,tea,2020-01-01,2020-01-02"]
    acts = [f"u{u},{item},{action},1700000000" for u in range(6) for item, action in (("cup", "buy"), ("film", "view"))]
    acts += [f"u{u},{name},view,{1700000000 + u}" for u in range(5) for name in events]
    files = {"items": "item_id,kind,category,starts_at,ends_at\n" + "\n".join(rows), "events": "user_id,item_id,action,ts\n" + "\n".join(acts)}
    gx("init", tmp_path / "s.gx")
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text + "\n")
        gx("import", tmp_path / "s.gx", tmp_path / f"{name}.csv")
    gx("build", tmp_path / "s.gx")
    staying = {"soon", "going", "later", "untold"}
    words = ("recommend", tmp_path / "s.gx", "u5", "-n", 50, "--seen", "none", "--format", "json")
    assert {row["id"] for row in gx(*words, "--kind", "event").json()[0]["items"]} == staying
    assert {row["id"] for row in gx(*words).json()[0]["items"]} >= {"cup", "film"} | staying
    similar = gx("similar", tmp_path / "s.gx", "going", "-n", 50, "--format", "json").json()[0]["items"]
    assert {row["id"] for row in similar} <= staying | {"cup", "film"}
    for name in events:
        told = gx("explain", tmp_path / "s.gx", "u5", name, "--format", "json").json()["why_not"]
        assert (told or {}).get("rule") == (None if name in staying else "over"), name


@pytest.mark.parametrize(
    ("column", "value", "accepted"),
    [
        ("capacity", "-4", "whole number of 0 or more"),
        ("capacity", "plenty", "whole number of 0 or more"),
        ("starts_at", "tonight", "ISO 8601"),
        ("lat", "123", "-90 to 90"),
        ("lon", "east", "-180 to 180"),
    ],
)
def test_an_odd_field_of_an_event_is_refused(tmp_path, column, value, accepted):
    """With the line, the column, the value and what would have been taken; in a call with the entry."""
    gx("init", tmp_path / "s.gx")
    (tmp_path / "items.csv").write_text(f"item_id,kind,{column}\na,event,\nb,event,{value}\n")
    told = gx("import", tmp_path / "s.gx", tmp_path / "items.csv", code=3).err
    assert all(part in told for part in ("items.csv:3", column, f"'{value}'", accepted)), told
    told = gx("call", tmp_path / "s.gx", "item.put", json.dumps({"items": [{"item_id": "b", column: value}]}), code=2).err
    assert all(part in told for part in ("entry 0", column, f"'{value}'", accepted)), told


def test_what_is_left_out_is_known_to_who_may_ask(city):
    """Counts of few are exact: whoever may ask is named the rest, and may read every record; whoever may not read may not ask."""
    scope = {method["name"]: method["scope"] for method in gx("call", city[0], "sys.describe").json()["methods"]}
    assert (scope["audience.for_item"], scope["user.get"]) == ("operate", "read")
    segment = ("--segment", 'user_id in ("u16", "u18", "u22")', "-n", 300)
    open_to, agreed = ask(city, *segment), ask(city, *segment, "--consent", "mail")
    records = gx("call", city[0], "user.get", json.dumps({"users": names(open_to)})).json()["users"]
    silent = [user for user, record in zip(names(open_to), records, strict=True) if record.get("mail") != "yes"]
    assert silent == ["u16"] and names(agreed) == [user for user in names(open_to) if user not in silent]
    assert agreed["left_out"]["no_consent"] - open_to["left_out"]["no_consent"] == len(silent) == 1
