"""Conditions over items and members: ids are fields like others, and a field that nobody has is refused, whoever takes the condition."""

import pytest
from conftest import gx

OF_ITEMS = {
    "recommend": ("STORE", "u1", "--seen", "none"),
    "rank": ("STORE", "u1", "sku-1", "sku-2", "--seen", "none"),
    "similar": ("STORE", "sku-5"),
    "bundle": ("STORE", "sku-1"),
    "group": ("STORE", "u1", "u2", "--seen", "none"),
    "layout": ("STORE", "u1", "--seen", "none"),
    "starters": ("STORE", "--users", "u1,u2"),
    "explain": ("STORE", "u1", "sku-3"),
    "detractors": ("STORE",),
    "leakage": ("STORE",),
}
OF_MEMBERS = {
    "recommend": ("STORE", "--all", "-n", "3", "--format", "json", "--segment"),
    "audience": ("STORE", "--item", "sku-1", "--segment"),
    "seeds": ("STORE", "-k", "3", "--segment"),
    "simulate": ("STORE", "u1", "--runs", "10", "--audience"),
    "plan": ("STORE", "sku-1", "--runs", "10", "--audience"),
    "guide": ("STORE", "--segment"),
    "teams": ("STORE", "sku-1", "--not-in"),
    "overlap": ("STORE", "c-0"),
}


def words(store, verb, rest):
    return [verb, *(store if word == "STORE" else word for word in rest)]


def ids(entry):
    return {item["id"] for item in entry["items"]}


@pytest.mark.parametrize("verb", OF_ITEMS)
def test_an_id_is_a_field_of_items_and_an_unknown_one_is_refused(built_shop, verb):
    asked = words(built_shop, verb, OF_ITEMS[verb])
    gx(*asked, "--where", 'item_id in ("sku-1", "sku-2")')
    said = gx(*asked, "--where", "prize < 3", code=4).err
    assert "where: no item has the field 'prize'; items have price, " in said and "item_id" in said
    gx(*asked, "--where", "not prize exists or prize < 3")


@pytest.mark.parametrize("verb", OF_MEMBERS)
def test_an_id_is_a_field_of_members_and_an_unknown_one_is_refused(built_shop, verb):
    asked = words(built_shop, verb, OF_MEMBERS[verb])
    gx(*asked, 'user_id = "u1" or user_id = "u2" or user_id = "u3"')
    said = gx(*asked, 'regoin = "north"', code=4).err
    assert "no member has the field 'regoin'; members have region, " in said and "user_id" in said
    gx(*asked, 'not regoin exists or regoin = "north"')


def test_boosts_are_conditions_too(built_shop):
    said = gx("recommend", built_shop, "u1", "--boost", "2 where prize < 3", code=4).err
    assert "boost: no item has the field 'prize'; items have price, " in said
    last = gx("recommend", built_shop, "u1", "-n", "30", "--format", "json").json()[0]["items"][-1]["id"]
    entry = gx("recommend", built_shop, "u1", "--boost", f'50 where item_id = "{last}"', "--format", "json").json()[0]
    assert entry["items"][0]["id"] == last and entry["items"][0]["flags"] == ["boosted"]


def test_a_text_that_no_item_has_is_told(built_shop):
    where = ["--where", 'seller = "Hom"']
    for words in (["rank", built_shop, "u1", "sku-1", "sku-4"], ["recommend", built_shop, "u1"]):
        run = gx(*words, *where, "--format", "csv")
        assert "no item has the seller 'Hom'; items have Home Direct, " in run.err and "no item has" not in run.out, words
    assert "Hom" in gx("rank", built_shop, "u1", "sku-1", *where, "--format", "json").json()["short"]
    assert gx("rank", built_shop, "u1", "sku-1", "--format", "json").json()["short"] is None


def test_a_boost_of_nothing_is_told(built_shop):
    plain = gx("recommend", built_shop, "u1", "--format", "json").json()[0]
    told = gx("recommend", built_shop, "u1", "--boost", '3 where seller = "Hom"; 2 where seller = "Home Direct"', "--format", "json").json()[0]
    assert "boost: no item has the seller 'Hom'; items have Home Direct, " in told["not_boosted"][0] and len(told["not_boosted"]) == 1
    assert "not_boosted" not in plain
    row = gx("recommend", built_shop, "u1", "--boost", '3 where seller = "Hom"', "--format", "csv").rows()[-1]
    assert row["flags"] == "not boosted" and "no item has the seller 'Hom'" in row["why"]
    assert "boost: no item has" in gx("recommend", built_shop, "--all", "-n", "1", "--boost", '3 where seller = "Hom"', "--format", "csv").err


def test_what_an_id_says(built_shop):
    def listed(where):
        return ids(gx("recommend", built_shop, "u1", "--seen", "none", "-n", "300", "--kind", "content", "--where", where, "--format", "json").json()[0])

    everything = listed("item_id exists")
    assert 20 < len(everything) < 300 and listed('item_id != "none"') == everything
    one = min(everything)
    assert listed(f'item_id = "{one}"') == {one} and listed(f'item_id != "{one}"') == everything - {one}
    assert listed('item_id in ("post-1*")') == {item for item in everything if item.startswith("post-1")} != set()
    assert not listed("not item_id exists")


def test_segments_by_id_are_these_members(built_shop):
    lists = gx("recommend", built_shop, "--all", "-n", "1", "--segment", 'user_id in ("u1", "u3*") and not user_id = "u30"', "--format", "json").json()
    told = {entry["user"] for entry in lists}
    assert {"u1", "u3", "u31"} <= told and "u30" not in told and all(user == "u1" or user.startswith("u3") for user in told)
    both = gx("overlap", built_shop, 'user_id = "u1" or user_id = "u2" or user_id = "u3"', "c-0", "--exact", "--format", "json").json()
    assert both["a"]["members"] == 3
    assert "no member has the user_id 'nobody'" in gx("overlap", built_shop, 'user_id = "nobody"', "c-0", code=4).err


def test_items_that_only_events_speak_of_have_an_id_at_once(shop, serve):
    rpc = serve(shop).connect()

    def ranked(item):
        return ids(rpc.call("rec.rank", {"user": "u1", "items": [item], "seen": "none", "where": f'item_id = "{item}"'}))

    assert ranked("sku-1") == {"sku-1"}
    rpc.call("event.put", {"events": [{"user_id": "u2", "item_id": "bare", "action": "view", "ts": 1_700_000_000}]})
    assert ranked("bare") == {"bare"}
    rpc.call("item.put", {"items": [{"item_id": "bare", "price": 3}, {"item_id": "full", "price": 3}]})
    assert ranked("bare") == {"bare"} and ranked("full") == {"full"}
    rows = gx("rank", shop, "u1", "bare", "full", "--seen", "none", "--where", 'item_id in ("bare", "full") and price = 3', "--format", "csv").rows()
    assert len(rows) == 2
