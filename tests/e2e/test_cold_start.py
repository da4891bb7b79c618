"""Where history is thin: new items, members without a history, what they said they like (docs/cold-start.md)."""

import csv
import gzip
import json
import zlib

from conftest import Server, gx

ALONE = {"friends": 0, "circle": 0, "leader": 0, "interest": 1}
LIST = 20


def table(folder, name):
    path = next(path for path in folder.iterdir() if path.name.startswith(f"{name}.csv"))
    opened = gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else open(path, encoding="utf-8", newline="")
    with opened as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def is_hidden(item, share):
    return zlib.crc32(item.encode()) % 1000 < 1000 * share


def hide_items(folder, tmp_path, share):
    """A store built without some items and everything done with them, to which their records are put afterwards: (store, hidden
    items, {member: hidden items they took to}, {member: what they did before})."""
    items, events = table(folder, "items"), table(folder, "events")
    hidden = {row["item_id"] for row in items if is_hidden(row["item_id"], share)}
    part = tmp_path / "part"
    part.mkdir()
    write(part / "users.csv", table(folder, "users"))
    write(part / "ties.csv", table(folder, "ties"))
    write(part / "items.csv", [row for row in items if row["item_id"] not in hidden])
    write(part / "events.csv", [row for row in events if row["item_id"] not in hidden])
    store = tmp_path / "cold.gx"
    gx("import", store, part, "--create", timeout=300)
    gx("build", store, "--no-blend", timeout=600)
    write(tmp_path / "items.csv", [row for row in items if row["item_id"] in hidden])
    gx("import", store, tmp_path / "items.csv", timeout=300)
    wanted, past = {}, {}
    for row in events:
        if row["action"] in ("buy", "rate", "review"):
            of = wanted if row["item_id"] in hidden else past
            of.setdefault(row["user_id"], set()).add(row["item_id"])
    return store, hidden, {user: took for user, took in wanted.items() if user in past}, past


def recall(lists, wanted):
    return sum(len(wanted[user] & set(items[:LIST])) / len(wanted[user]) for user, items in lists.items()) / len(lists)


def by_attributes(folder, hidden, users, past):
    """The baseline: hidden items by how often the member took to something of the same category, brand or seller."""
    of = {row["item_id"]: [(name, row[name]) for name in ("category", "brand", "seller") if row.get(name)] for row in table(folder, "items")}
    lists = {}
    for user in users:
        liked = {}
        for item in past[user]:
            for value in of.get(item, []):
                liked[value] = liked.get(value, 0) + 1
        lists[user] = sorted(hidden, key=lambda item: (-sum(liked.get(value, 0) for value in of[item]), item))[:LIST]
    return lists


def judge_hidden(folder, tmp_path, share=0.1, most=400):
    store, hidden, wanted, past = hide_items(folder, tmp_path, share)
    users = sorted(wanted)[:most]
    wanted = {user: wanted[user] for user in users}
    others = [row["item_id"] for row in table(folder, "items") if row["item_id"] not in hidden]
    server = Server(store)
    rpc = server.connect()
    lists, listed = {}, 0
    for at in range(0, len(users), 100):
        args = {"users": users[at : at + 100], "n": LIST, "why": False, "channels": ALONE}
        for row in rpc.call("rec.user", args):
            listed += sum(item["id"] in hidden for item in row["items"])
        if len(others) < 60000:
            for row in rpc.call("rec.user", args | {"exclude": others}):
                lists[row["user"]] = [item["id"] for item in row["items"]]
    rpc.close()
    assert server.stop() == 0, server.text()
    return {
        "hidden": len(hidden),
        "items": len(others),
        "members": len(users),
        "guanxi": recall(lists, wanted) if lists else None,
        "attributes": recall(by_attributes(folder, hidden, users, past), wanted),
        "random": LIST / len(hidden),
        "places": listed / len(users) / LIST,
    }


def test_new_items_reach_those_who_take_to_them(shop_files, tmp_path):
    told = judge_hidden(shop_files, tmp_path)
    print(told)
    assert told["guanxi"] > 2 * told["random"]
    assert told["guanxi"] > 0.95 * told["attributes"]
    assert told["places"] > 0


# ---- members without a history ----------------------------------------------------------------------------------------------


def silence_members(folder, tmp_path, share):
    """A store built without what some members did and without their ties: (store, {such a member: what they took})."""
    events = table(folder, "events")
    quiet = {row["user_id"] for row in table(folder, "users") if is_hidden(row["user_id"], share)}
    part = tmp_path / "part"
    part.mkdir()
    for name in ("users", "items"):
        write(part / f"{name}.csv", table(folder, name))
    write(part / "events.csv", [row for row in events if row["user_id"] not in quiet])
    write(part / "ties.csv", [row for row in table(folder, "ties") if not {row["src"], row["dst"]} & quiet])
    store = tmp_path / "quiet.gx"
    gx("import", store, part, "--create", timeout=300)
    gx("build", store, "--no-blend", timeout=600)
    wanted = {}
    for row in events:
        if row["user_id"] in quiet and row["action"] in ("buy", "rate", "review"):
            wanted.setdefault(row["user_id"], set()).add(row["item_id"])
    return store, wanted


def test_members_alike_speak_for_one_who_did_nothing(shop_files, tmp_path):
    store, wanted = silence_members(shop_files, tmp_path, 0.2)
    users = sorted(wanted)
    server = Server(store)
    rpc = server.connect()
    alike, plain = {}, {}
    for at in range(0, len(users), 100):
        for row in rpc.call("rec.user", {"users": users[at : at + 100], "n": LIST}):
            assert row["rung"] == "attributes", row["rung"]
            assert row["items"][0]["why"][0]["en"] == "Popular with members like you"
            alike[row["user"]] = [item["id"] for item in row["items"]]
    popular = [item["id"] for item in rpc.call("rec.user", {"users": ["nobody at all"], "n": LIST})[0]["items"]]
    plain = {user: popular for user in users}
    rpc.close()
    assert server.stop() == 0, server.text()
    told = {"members": len(users), "alike": recall(alike, wanted), "popular": recall(plain, wanted)}
    print(told)
    assert told["alike"] > told["popular"]


def test_what_is_declared_is_heard_through_import(shop, tmp_path):
    category = next(row["category"] for row in gx("call", shop, "item.get", json.dumps({"items": ["sku-1", "sku-2"]})).json()["items"] if row.get("category"))
    top = category.split("/")[0]
    (tmp_path / "users.csv").write_text(f'user_id,prefers,dislikes\nlover,{top};{category},\nhater,,{top}\n')
    gx("import", shop, tmp_path / "users.csv")
    lover = gx("recommend", shop, "lover", "-n", "10", "--format", "json").json()[0]
    assert lover["rung"] == "attributes"
    assert lover["items"][0]["why"][0]["en"].startswith("Because you told us you like")
    items = [item["id"] for item in gx("recommend", shop, "hater", "-n", "1000", "--format", "json").json()[0]["items"]]
    of = {row["item_id"]: row.get("category") or "" for row in gx("call", shop, "item.get", json.dumps({"items": items})).json()["items"]}
    assert items and not any(c == top or c.startswith(top + "/") for c in of.values())
    portrait = gx("portrait", shop, "lover", "--format", "json").json()
    assert portrait["declared"]["prefers"] == [top, category] and portrait["items"] == 0


# ---- freshness --------------------------------------------------------------------------------------------------------------


def shown_anywhere(rpc, users, cart, item):
    """Every item that any list shows, by the list."""
    out = {}
    for row in rpc.call("rec.user", {"users": users, "n": 300, "seen": "none", "why": False}):
        out.setdefault("user", set()).update(i["id"] for i in row["items"])
    for row in rpc.call("rec.similar", {"items": cart, "n": 200}):
        out.setdefault("similar", set()).update(i["id"] for i in row.get("items", []))
    bundle = rpc.call("rec.bundle", {"items": cart, "n": 100})
    out["bundle"] = {i["id"] for i in bundle["items"]}
    rank = rpc.call("rec.rank", {"user": users[0], "items": [item, *cart], "seen": "none"})
    out["rank"] = {i["id"] for i in rank["items"]}
    group = rpc.call("rec.group", {"users": users[:5], "n": 100, "seen": "none"})
    out["group"] = {i["id"] for i in group["items"]}
    starters = rpc.call("rec.starters", {"users": users, "n": 50})
    out["starters"] = {i["id"] for i in starters["items"]} | {i["id"] for i in starters["content"]}
    layout = rpc.call("rec.layout", {"users": users, "seen": "none"})
    firsts = [c["first"] for row in layout for c in row["categories"] if c.get("first")]
    out["layout"] = {first["id"] if isinstance(first, dict) else first for first in firsts}
    audience = rpc.call("audience.for_item", {"item": item, "n": 5})
    out["audience"] = {item} if audience["users"] else set()
    return out


def test_what_is_hidden_is_gone_at_once_everywhere(shop, serve):
    rpc = serve(shop).connect()
    users = [row["user_id"] for row in gx("centrality", shop, "degree", "-n", "12", "--format", "csv").rows()]
    cart = [item["id"] for item in rpc.call("rec.user", {"users": [users[0]], "n": 8, "why": False, "seen": "none"})[0]["items"]]
    before = {}
    for item in cart:
        before = shown_anywhere(rpc, users, [i for i in cart if i != item], item)
        assert item in before["user"] and item in before["rank"] and item in before["audience"]
        for gone in ({"status": "hidden"}, {"stock": 0}, {"status": "deleted"}):
            old = rpc.call("item.get", {"items": [item]})["items"][0]
            rpc.call("item.put", {"items": [{"item_id": item, **gone}]})
            for name, shown in shown_anywhere(rpc, users, [i for i in cart if i != item], item).items():
                assert item not in shown, (name, item, gone)
            rpc.call("item.put", {"items": [{"item_id": item, "status": old.get("status", "on"), "stock": old.get("stock", 5)}]})
        after = shown_anywhere(rpc, users, [i for i in cart if i != item], item)
        assert after == before
    new = {"item_id": "brand-new", **{k: rpc.call("item.get", {"items": [cart[0]]})["items"][0].get(k) for k in ("category", "brand", "seller", "price", "tags")}}
    rpc.call("item.put", {"items": [{k: v for k, v in new.items() if v is not None}]})
    shown = shown_anywhere(rpc, users, cart, "brand-new")
    assert "brand-new" in shown["user"] and "brand-new" in shown["similar"] and "brand-new" in shown["rank"] and "brand-new" in shown["audience"]
    rpc.call("item.put", {"items": [{"item_id": "brand-new", "status": "hidden"}]})
    for name, shown in shown_anywhere(rpc, users, cart, "brand-new").items():
        assert "brand-new" not in shown, name


def test_a_community_is_fitted(built_shop):
    inside = gx("audience", built_shop, "--fit", "--circle", "c-3", "--who", "inside", "-n", "500", "--format", "json").json()
    outside = gx("audience", built_shop, "--fit", "--circle", "c-3", "--who", "outside", "-n", "2000", "--format", "json").json()
    for row in outside["users"]:
        said = [why["en"] for why in row["why"]]
        assert len(said) == len(set(said)) and sum(why["share"] for why in row["why"]) <= 1 + 1e-6
    mean = [sum(u["score"] for u in told["users"]) / len(told["users"]) for told in (inside, outside)]
    print(mean)
    assert mean[0] > 1.5 * mean[1] and len(inside["users"]) <= inside["size"]
    assert all(1 <= len(u["why"]) <= 3 for u in outside["users"][:50])


def test_who_has_departed_fits_nothing(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,category\nt1,tea\nt2,tea\nw1,wine\n")
    (tmp_path / "users.csv").write_text("user_id,status\na,\nb,deleted\nc,Banned\nd,\ne,left\n")
    (tmp_path / "events.csv").write_text("user_id,item_id,action,ts\n" + "".join(f"{u},{i},buy,1700000000\n" for u in "abce" for i in ("t1", "t2")) + "d,w1,buy,1700000000\n")
    gx("import", tmp_path / "s.gx", *(tmp_path / f"{name}.csv" for name in ("users", "items", "events")), "--create")
    gx("build", tmp_path / "s.gx")
    for whom in (("a", "b"), ("--likes", "tea")):
        told = gx("audience", tmp_path / "s.gx", "--fit", *whom, "--format", "json").json()
        assert [row["user"] for row in told["users"]] == ["a"] and told["count"] == 1


def test_a_liking_that_nothing_has_is_unknown(built_shop):
    def fit(*flags):
        return gx("audience", built_shop, "--fit", *flags, "--format", "json").json()

    assert fit("--likes", "tea,nope")["unknown"] == ["nope"] and fit("--likes", "tea")["unknown"] == []
    assert fit("--likes", "tea,nope")["users"] == fit("--likes", "tea")["users"]
    assert fit("u1", "nobody-here", "--likes", "nope")["unknown"] == ["nobody-here", "nope"]
    assert "tag 'nope', nor one of the others" in gx("audience", built_shop, "--fit", "--likes", "nope,nope2", code=4).err
