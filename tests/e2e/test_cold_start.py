"""Where history is thin: new items, members without a history, what they said they like (docs/cold-start.md)."""

import csv
import json
import zlib

from conftest import Server, gx
from test_blend import open_text

ALONE = {"friends": 0, "circle": 0, "leader": 0, "interest": 1}
LIST = 20


def table(folder, name):
    path = next(path for path in folder.iterdir() if path.name.startswith(f"{name}.csv"))
    with open_text(path) as file:
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
