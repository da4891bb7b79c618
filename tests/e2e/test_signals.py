"""What an event says, through the command line: refunds, dislikes, actions of one's own, and what is wanted again."""

import collections
import csv
import json
import random

import pytest

from conftest import gx
from test_shapes import member

DAY = 86_400_000
END = 1_793_491_200_000  # 2026-11-01T00:00:00Z, the end of the sample shop's log


def call(store, method, args=None, code=0):
    out = gx("call", store, method, json.dumps(args or {}), code=code)
    return out.json() if code == 0 else out


def put(store, user, item, action, ts=END, **more):
    call(store, "event.put", {"events": [{"user_id": user, "item_id": item, "action": action, "ts": ts, **more}]})


def lists(store, user, *words):
    return gx("recommend", store, user, "--format", "json", *words).json()[0]


def ids(entry):
    return [item["id"] for item in entry["items"]]


def explain(store, user, item, *words):
    return gx("explain", store, user, item, "--format", "json", *words).json()


def bought(shop_files):
    """user → items bought, in the order of time, of the sample shop."""
    rows = collections.defaultdict(list)
    with open(shop_files / "events.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["action"] == "buy":
                rows[row["user_id"]].append((row["ts"], row["item_id"]))
    return {user: [item for _, item in sorted(mine)] for user, mine in rows.items()}


# ---- dislikes and refunds ----------------------------------------------------------------------


def test_a_dislike_takes_the_item_out_at_once_and_says_so(shop):
    user = member(shop)
    first = ids(lists(shop, user, "-n", "20"))
    put(shop, user, first[0], "dislike")
    assert first[0] not in ids(lists(shop, user, "-n", "200"))
    told = explain(shop, user, first[0])
    assert not told["listed"] and told["why_not"]["rule"] == "disliked" and told["why_not"]["zh"]
    put(shop, user, first[1], "buy", END)
    put(shop, user, first[1], "refund", END + 1)
    assert first[1] not in ids(lists(shop, user, "-n", "200"))
    told = explain(shop, user, first[1])
    assert told["why_not"]["rule"] == "returned" and "returned" in told["why_not"]["en"]


def test_looks_do_not_outvote_a_dislike_and_a_purchase_does(shop):
    user = member(shop)
    item = ids(lists(shop, user, "-n", "5"))[0]
    put(shop, user, item, "dislike")
    for k in range(1, 12):
        put(shop, user, item, "view", END + k)
    assert explain(shop, user, item)["why_not"]["rule"] == "disliked"
    put(shop, user, item, "buy", END + 20)
    assert explain(shop, user, item)["why_not"]["rule"] == "seen"


@pytest.mark.parametrize("model", ["linear", "ials"])
def test_what_is_like_a_returned_item_falls(shop, shop_files, model):
    """A member returns one of the purchases: of what was like it, most stands lower than before."""
    gx("build", shop, "--passes", f"leiden,strength,circle,leaders,popular,{model}")
    falls = stays = rises = 0
    users = [user for user, items in sorted(bought(shop_files).items()) if 6 <= len(set(items)) <= 12][:8]
    for user in users:
        item = bought(shop_files)[user][-1]
        near = [row["id"] for row in call(shop, "rec.similar", {"items": [item], "n": 10})[0]["items"]]
        only = {"users": [user], "n": 1000, "seen": "none", "why": False, "channels": {"interest": 1, "friends": 0, "circle": 0, "leader": 0}}
        before = {row["id"]: row["rank"] for row in call(shop, "rec.user", only)[0]["items"]}
        put(shop, user, item, "refund", END + 5)
        after = {row["id"]: row["rank"] for row in call(shop, "rec.user", only)[0]["items"]}
        for other in near:
            was, now = before.get(other, 1001), after.get(other, 1001)
            falls += now > was
            rises += now < was
            stays += now == was
    print(f"{model}: of what is like it {falls} fell, {stays} stayed, {rises} rose")
    assert falls > 4 * rises


def test_explain_tells_what_pulls_an_item_down(shop, shop_files):
    user = next(u for u, items in sorted(bought(shop_files).items()) if len(set(items)) >= 6)
    item = bought(shop_files)[user][0]
    put(shop, user, item, "refund", END + 1)
    for other in [row["id"] for row in call(shop, "rec.similar", {"items": [item], "n": 20})[0]["items"]]:
        for row in explain(shop, user, other)["against"]:
            assert 0 < row["part"] <= 1 and row["zh"]
            if row["item"] == item:
                assert row["action"] == "refund" and "which you returned" in row["en"]
                return
    raise AssertionError("nothing is told of the returned item")


def test_a_friends_returned_buy_is_no_recommendation(empty, tmp_path):
    call(empty, "item.put", {"items": [{"item_id": f"i{k}"} for k in range(4)]})
    call(empty, "tie.put", {"ties": [{"src": "me", "dst": friend, "kind": "friend"} for friend in ("ann", "bob")]})
    for friend, item in (("ann", "i1"), ("ann", "i2"), ("bob", "i2")):
        put(empty, friend, item, "buy")
    assert set(ids(lists(empty, "me"))[:2]) == {"i1", "i2"}
    earned = lambda: {row["id"] for row in lists(empty, "me")["items"] if row["score"] > 0}
    assert earned() == {"i1", "i2"}
    put(empty, "ann", "i1", "refund", END + 1)
    put(empty, "ann", "i2", "dislike", END + 1)
    assert earned() == {"i2"}  # bob still has it
    put(empty, "bob", "i2", "return", END + 1)
    assert earned() == set()


def test_popularity_and_bundles_leave_out_what_came_back(empty):
    events = []
    for k in range(40):
        for item in ("good", "bad", "phone", "case"):
            events.append({"user_id": f"u{k}", "item_id": item, "action": "buy", "ts": END - (40 - k) * DAY})
        back = ["bad", "case"] if k % 4 == 0 else ["bad"]
        events += [{"user_id": f"u{k}", "item_id": item, "action": "refund", "ts": END - (40 - k) * DAY + 1000} for item in back]
    call(empty, "event.put", {"events": events})
    call(empty, "item.put", {"items": [{"item_id": "dull"}]})
    gx("build", empty)
    top = ids(lists(empty, "nobody", "-n", "10"))
    assert set(top[:2]) == {"good", "phone"} and top[2] == "case" and set(top[3:]) == {"bad", "dull"}
    assert "bad" not in json.dumps(call(empty, "rec.bundle", {"items": ["phone"]}))


def test_an_item_with_only_words_against_it_is_never_listed(shop):
    """Random members say only bad things of random items; none of them is in any of their lists."""
    rng = random.Random(5)
    users = [f"u{rng.randrange(1, 2000)}" for _ in range(6)]
    events, said = [], collections.defaultdict(set)
    for user in users:
        for item in rng.sample(ids(lists(shop, user, "-n", "60")), 20):
            events.append({"user_id": user, "item_id": item, "action": rng.choice(["dislike", "hide", "complain", "return", "refund"]), "ts": END})
            said[user].add(item)
    call(shop, "event.put", {"events": events})
    for when in range(2):
        for user in users:
            for words in (["-n", "500"], ["-n", "500", "--seen", "all"], ["-n", "500", "--explore", "0.5", "--repeat", "on"]):
                assert not said[user] & set(ids(lists(shop, user, *words)))
        if when == 0:
            gx("build", shop)


def test_a_reward_taken_back_is_none(empty):
    shown = [{"request_id": f"r{k}", "user_id": f"u{k}", "item_id": "i1", "pos": 0, "ts": END, "propensity": 0.5} for k in range(40)]
    call(empty, "impression.put", {"impressions": shown})
    bought = [{"user_id": f"u{k}", "item_id": "i1", "action": "buy", "ts": END + 1000} for k in range(0, 40, 2)]
    before = [{"user_id": f"u{k}", "item_id": f"i{k % 3}", "action": "view", "ts": END - DAY} for k in range(40)]
    call(empty, "event.put", {"events": before + bought})
    rewards = lambda: call(empty, "eval.offpolicy", {"models": ["popular"]})["rewards"]
    assert rewards() == 20
    back = [{"user_id": f"u{k}", "item_id": "i1", "action": "refund", "ts": END + 5000} for k in range(0, 40, 4)]
    call(empty, "event.put", {"events": back})
    assert rewards() == 10
    late = [{"user_id": f"u{k}", "item_id": "i1", "action": "refund", "ts": END + 9 * DAY} for k in range(2, 40, 4)]
    call(empty, "event.put", {"events": late})
    assert rewards() == 10  # beyond the window


def test_few_stars_are_against_the_item_where_the_shop_says_so(empty):
    for action, value in (("rate", 1), ("rate", 2), ("rate", 3), ("rate", 5), ("review", 1)):
        put(empty, "u1", f"{action}{value}", "buy", END - DAY)
        put(empty, "u1", f"{action}{value}", action, END, value=value)
    put(empty, "u1", "mended", "rate", END, value=1)
    put(empty, "u1", "mended", "buy", END + 1)

    def rules():
        names = ("rate1", "rate2", "rate3", "rate5", "review1", "mended")
        return [explain(empty, "u1", item)["why_not"]["rule"] for item in names]

    gx("build", empty)
    assert rules() == ["seen"] * 6
    call(empty, "action.put", {"actions": [{"action": "rate", "centre": 2.5}]})
    gx("build", empty)
    assert rules() == ["disliked", "disliked", "seen", "seen", "seen", "seen"]
    rows = {row["action"]: row for row in call(empty, "action.list")["actions"]}
    assert rows["rate"]["centre"] == 2.5 and rows["review"]["centre"] == 0


# ---- the table of actions ----------------------------------------------------------------------


def test_actions_are_said_listed_and_refused(shop):
    put(shop, "u1", "i1", "livestream")
    rows = {row["action"]: row for row in call(shop, "action.list")["actions"]}
    assert rows["livestream"]["from"] == "fallback" and rows["livestream"]["weight"] == 1 and rows["livestream"]["used"]
    assert rows["refund"]["polarity"] == -1 and rows["refund"]["undoes"] == "purchase" and rows["refund"]["weight"] == 5
    assert rows["view"]["half_life"] == "30d" and rows["play"]["repeat"] and not rows["play"]["used"]
    call(shop, "action.put", {"actions": [{"action": "livestream", "weight": 2.5, "half_life": "7d"}, {"action": "nod", "polarity": 0}]})
    call(shop, "action.put", {"actions": [{"action": "livestream", "polarity": -1}]})
    rows = {row["action"]: row for row in call(shop, "action.list")["actions"]}
    assert {**rows["livestream"], "weight": 2.5, "half_life": "7d", "polarity": -1, "from": "setting"} == rows["livestream"]
    table = {row["action"]: row for row in gx("actions", shop, "--format", "csv").rows()}
    assert table["livestream"]["weight"] == "2.5" and table["livestream"]["from"] == "setting" and set(table) == set(rows)
    assert rows["nod"]["weight"] == 0 and rows["nod"]["polarity"] == 0 and not rows["nod"]["used"]
    for bad, words in (
        ({"action": "nod", "polarity": 2}, "`polarity` of 'nod' is 1"),
        ({"action": "nod", "weight": "much"}, "`weight` of 'nod'"),
        ({"action": "nod", "half_life": "-3d"}, "a duration like"),
        ({"action": "nod", "weight": -2, "polarity": 1}, "not negative where polarity is 1"),
        ({"action": "nod", "repeats": True}, "repeats"),
        ({"action": "nod", "undoes": 7}, "undoes"),
        ({"action": "nod", "centre": 5}, "a number from 0 to 4"),
        ({"weight": 3}, "has its name in `action`"),
    ):
        assert words in call(shop, "action.put", {"actions": [bad]}, code=2).err
    assert "polarity" in call(shop, "admin.config", {"name": "actions", "value": {"never": {"polarity": 5}}}, code=2).err
    assert "interval" in call(shop, "admin.config", {"name": "repeat", "value": {"interval": "soon"}}, code=2).err


def test_settings_are_refused_that_would_not_be_kept(shop):
    """What is read back is what holds: no value that acts as another one, none that fails once a tie of the kind comes."""
    for bad in (0, -1, 1_000_001, 4_000_000_000, 2**40, 2.5, "3", {"friend": 3}):
        said = call(shop, "admin.config", {"name": "min_count", "value": bad}, code=2).err
        assert "from 1 to 1000000" in said and (not isinstance(bad, int) or str(bad) in said)
    assert call(shop, "admin.config", {"name": "min_count", "value": 1_000_000})["min_count"] == 1_000_000
    for bad in ({"weight": -2}, 3, {"wight": 3}, {"weight": "much"}):
        assert "of 'neverseen'" in call(shop, "admin.config", {"name": "tie_kinds", "value": {"neverseen": bad}}, code=2).err or bad == 3
    assert call(shop, "admin.config", {"name": "tie_kinds"})["tie_kinds"] is None


def table(store):
    return gx("actions", store, "--format", "json").json()["actions"]


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_the_table_goes_out_and_comes_back(empty, tmp_path, form):
    call(empty, "action.put", {"actions": [{"action": "rate", "centre": 2.5}, {"action": "dislike", "weight": 4, "polarity": -1}]})
    put(empty, "u1", "i1", "twirl")
    file = tmp_path / f"actions.{form}"
    gx("actions", empty, "--format", form, "-o", file)
    said = table(empty)
    again = gx("actions", empty, "--file", file, "--format", "json")
    assert "1 changed" in again.err and [row["action"] for row in again.json()["actions"]] == ["twirl"]
    for row in said:  # an action that nobody had told of is known now, and means the same
        row["from"] = "setting" if row["action"] == "twirl" else row["from"]
    assert table(empty) == said
    assert "0 changed" in gx("actions", empty, "--file", file).err
    other = tmp_path / "other.gx"
    gx("init", other)
    gx("actions", other, "--file", file)
    mine = {row["action"]: {key: row[key] for key in row if key not in ("from", "used")} for row in table(other)}
    assert mine == {row["action"]: {key: row[key] for key in row if key not in ("from", "used")} for row in said}


def test_a_table_with_a_wrong_row_changes_nothing(empty, tmp_path):
    file = tmp_path / "actions.csv"
    before = table(empty)
    for text, words in (
        ("action,weight\nbuy,9\nnod,much\n", ("actions.csv:3", "`weight` of 'nod'", "'much'")),
        ("action,weight,repeat\nbuy,9,\nview,1,often\n", ("actions.csv:3", "`repeat` of 'view'", "'often'")),
        ("action,half_life\nbuy,9d\nview,soon\n", ("actions.csv:3", "'soon'")),
        ("action,polarity\nbuy,0\nview,2\n", ("actions.csv:3", "`polarity`", "given is 2")),
        ("action,weight\nbuy,9\nbuy,8\n", ("actions.csv:3", "'buy' is there twice")),
        ("action,weigth\nbuy,9\n", ("actions.csv:2", "'weigth'")),
        ('[{"action": "buy", "weight": 9}, {"action": "nod", "centre": 5}]', ("actions.csv: entry 1", "`centre` of 'nod'", "given is 5")),
    ):
        file.write_text(text, encoding="utf-8")
        err = gx("actions", empty, "--file", file, code=2).err
        assert all(word in err for word in words), err
        assert table(empty) == before


def test_an_import_tells_of_actions_it_does_not_know(empty, tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("user_id,item_id,action,ts\nu1,i1,buy,2026-01-01\nu1,i2,twirl,2026-01-02\n", encoding="utf-8")
    out = gx("import", empty, file)
    assert "twirl" in out.err and "counts like a view" in out.err and "buy is" not in out.err
    call(empty, "action.put", {"actions": [{"action": "twirl", "weight": 2}]})
    assert "twirl" not in gx("import", empty, file).err


# ---- what is wanted again ----------------------------------------------------------------------


@pytest.fixture
def pantry(empty, tmp_path):
    """Two years of a shop of milk (weekly), soap (monthly) and phones (once)."""
    rng = random.Random(3)
    events = []
    for k in range(30):
        user = f"u{k}"
        for item, days in (("milk", 7), ("soap", 30)):
            at = END - rng.randrange(300, 400) * DAY
            while at < END - days * DAY:
                events.append({"user_id": user, "item_id": item, "action": "buy", "ts": at})
                at += days * DAY
            events.append({"user_id": user, "item_id": item, "action": "buy", "ts": END - days * DAY})
        events.append({"user_id": user, "item_id": f"phone{k % 3}", "action": "buy", "ts": END - 100 * DAY})
    events.append({"user_id": "new", "item_id": "milk", "action": "buy", "ts": END - 7 * DAY})
    events.append({"user_id": "fresh", "item_id": "milk", "action": "buy", "ts": END - 1 * DAY})
    events.append({"user_id": "new", "item_id": "tea", "action": "buy", "ts": END})
    items = [{"item_id": "milk", "category": "food/dairy"}, {"item_id": "soap", "category": "care"}, {"item_id": "tea", "category": "food/tea"}]
    call(empty, "item.put", {"items": items + [{"item_id": f"phone{k}", "category": "phones"} for k in range(3)]})
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    gx("import", empty, file, "--kind", "events")
    gx("build", empty)
    return empty


def test_nothing_comes_back_unless_the_shop_says_so(pantry):
    assert not {"milk", "soap"} & set(ids(lists(pantry, "u1")))
    again = lists(pantry, "u1", "--repeat", "on")
    assert {"milk", "soap"} <= set(ids(again))
    reason = next(item for item in again["items"] if item["id"] == "milk")["why"]
    assert [why["channel"] for why in reason] == ["interest"]
    assert reason[0]["en"].startswith("Time to buy again: you take it about every 7 days") and "7 天" in reason[0]["zh"]


def test_marked_items_come_back_when_due(pantry):
    call(pantry, "admin.config", {"name": "repeat", "value": {"where": 'category in ("food/*")', "interval": "14d"}})
    assert "milk" in ids(lists(pantry, "u1")) and "soap" not in ids(lists(pantry, "u1"))
    assert "milk" in ids(lists(pantry, "new"))  # by the interval of others
    assert next(item for item in lists(pantry, "new")["items"] if item["id"] == "milk")["why"][0]["en"] == "Time to buy again"
    assert "milk" not in ids(lists(pantry, "fresh"))  # bought a day ago
    assert explain(pantry, "fresh", "milk")["why_not"]["rule"] == "seen"
    assert "milk" not in ids(lists(pantry, "u1", "--repeat", "off"))
    call(pantry, "item.put", {"items": [{"item_id": "soap", "repeat": "30d"}]})
    assert "soap" in ids(lists(pantry, "u1"))
    put(pantry, "u1", "soap", "buy", END)  # just bought: not for a while
    assert "soap" not in ids(lists(pantry, "u1"))
    put(pantry, "u1", "milk", "refund", END)
    put(pantry, "u1", "milk", "dislike", END + 1)
    assert "milk" not in ids(lists(pantry, "u1", "--repeat", "on"))


def test_a_repeatable_action_leaves_an_item_unseen(pantry):
    call(pantry, "action.put", {"actions": [{"action": "subscribe", "weight": 5, "purchase": True, "repeat": True}]})
    put(pantry, "u1", "tea", "subscribe", END)
    call(pantry, "admin.reload")
    assert explain(pantry, "u1", "tea")["why_not"] is None or explain(pantry, "u1", "tea")["why_not"]["rule"] != "seen"
