"""Group-buy teams on the sample shop: willing, close, balanced, nobody twice."""

import collections
import csv
import json

import pytest
from conftest import gx


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def teams(store, *flags):
    return gx("teams", store, *flags, "--format", "json").json()


@pytest.fixture(scope="module")
def item(shop_files):
    """The one bought most."""
    bought = collections.Counter(event["item_id"] for event in read(shop_files / "events.csv") if event["action"] == "buy")
    return bought.most_common(1)[0][0]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_teams_hold_together_and_nobody_is_in_two(built_shop, shop_files, item, size):
    told = teams(built_shop, item, "--size", size, "-n", "15")
    friends = collections.defaultdict(set)
    for tie in read(shop_files / "ties.csv"):
        friends[tie["src"]].add(tie["dst"])
        friends[tie["dst"]].add(tie["src"])
    owners = {event["user_id"] for event in read(shop_files / "events.csv") if event["item_id"] == item and event["action"] == "buy"}
    members = [member["user"] for team in told["teams"] for member in team["members"]]
    assert len(told["teams"]) == 15 and len(members) == len(set(members)) == 15 * size
    assert not owners & set(members) - {event["user_id"] for event in read(shop_files / "events.csv") if event["action"] == "refund"}
    for team in told["teams"]:
        ids = [member["user"] for member in team["members"]]
        reached, ahead = {ids[0]}, [ids[0]]
        while ahead:
            new = friends[ahead.pop()] & set(ids) - reached
            reached |= new
            ahead += new
        assert reached == set(ids) and team["starter"] == ids[0]
        assert team["value"] == pytest.approx(0.5 * team["willing"] + 0.5 * team["close"])
        assert team["willing"] == pytest.approx(sum(member["willing"] for member in team["members"]) / size)
    assert f"{size} 人团购" in told["teams"][0]["prompt"]["zh"]


def test_balancing_lifts_the_least(built_shop, item):
    """Where many teams compete for the same members."""
    lifted = 0
    for circle in range(6):
        flags = (item, "-n", "20", "--segment", f"c-{circle}")
        plain, balanced = (teams(built_shop, *flags, flag)["teams"] for flag in ("--no-balance", "--balance"))
        assert len(plain) == len(balanced)
        assert balanced[-1]["value"] >= plain[-1]["value"] - 1e-12
        lifted += balanced[-1]["value"] > plain[-1]["value"] + 1e-9
    assert lifted >= 2


@pytest.mark.parametrize("field,size", [("gender", 4), ("region", 3), ("gender", 5)])
def test_every_team_is_mixed_as_the_pool(built_shop, shop_files, item, field, size):
    told = teams(built_shop, item, "--size", size, "-n", "10", "--balance-by", field)
    of = {row["user_id"]: row[field] or None for row in read(shop_files / "users.csv")}
    quotas = {row["value"]: row for row in told["quotas"]}
    assert told["teams"] and sum(row["pool"] for row in told["quotas"]) == told["pool"]
    for row in told["quotas"]:
        assert row["least"] == size * row["pool"] // told["pool"]
        assert row["most"] == -(-size * row["pool"] // told["pool"])
    members = [member["user"] for team in told["teams"] for member in team["members"]]
    assert len(members) == len(set(members))
    for team in told["teams"]:
        mix = collections.Counter(of[member["user"]] for member in team["members"])
        assert {row["value"]: row["members"] for row in team["mix"]} == mix
        assert all(row["least"] <= mix[value] <= row["most"] for value, row in quotas.items())
        off = sum(abs(mix[value] / size - row["pool"] / told["pool"]) for value, row in quotas.items())
        assert team["even"] == pytest.approx(1 - off / 2)
    shown = gx("teams", built_shop, item, "--size", size, "-n", "1", "--balance-by", field, "--format", "csv").rows()[0]
    assert shown["mix"] and shown["even"]


def test_exclusive_groups(built_shop, shop_files, item, tmp_path):
    groups = collections.defaultdict(set)
    for row in read(shop_files / "members.csv"):
        groups[row["group_id"]].add(row["user_id"])
    first = {member["user"] for team in teams(built_shop, item, "-n", "20")["teams"] for member in team["members"]}
    barred = sorted(groups, key=lambda group: -len(groups[group] & first))[:2]
    told = teams(built_shop, item, "-n", "20", "--not-in", ",".join(barred), "--taken", ",".join([*sorted(first)[:10], "nobody-7"]))
    names = {member["user"] for team in told["teams"] for member in team["members"]}
    assert names and not names & (groups[barred[0]] | groups[barred[1]] | set(sorted(first)[:10]))
    assert told["unknown"] == ["nobody-7"]
    (tmp_path / "taken.txt").write_text("\n".join(sorted(first)[:10]), encoding="utf-8")
    told = teams(built_shop, item, "-n", "20", "--taken", tmp_path / "taken.txt")
    assert not set(sorted(first)[:10]) & {member["user"] for team in told["teams"] for member in team["members"]} and not told["unknown"]
    assert "nobody-7" in gx("teams", built_shop, item, "--taken", "nobody-7", code=4).err
    assert first & groups[barred[0]]
    for name in ("teams.csv", "teams.jsonl"):  # as the first call wrote them
        gx("teams", built_shop, item, "-n", "20", "--format", name.split(".")[1], "-o", tmp_path / name)
        told = teams(built_shop, item, "-n", "20", "--taken", tmp_path / name)
        assert told["teams"] and not told["unknown"]
        assert not first & {member["user"] for team in told["teams"] for member in team["members"]}


def test_who_is_left_out_counts_for_nothing(built_shop, shop_files, item):
    """Whichever way they are left out: willingness is beside the first of those who remain."""
    groups = collections.defaultdict(set)
    for row in read(shop_files / "members.csv"):
        groups[row["group_id"]].add(row["user_id"])
    best = [row["user"] for row in gx("audience", built_shop, "--item", item, "-n", "20", "--format", "json").json()["users"]]
    tried = [group for group in sorted(groups) if groups[group] & set(best)]
    assert len(tried) >= 3
    for group in tried[:8]:
        by_group, by_name = (teams(built_shop, item, "-n", "10", *flags)["teams"] for flags in (("--not-in", group), ("--taken", ",".join(sorted(groups[group])))))
        assert by_group == by_name


def test_a_table_without_ids_is_refused(built_shop, item, tmp_path):
    (tmp_path / "ranks.csv").write_text("rank,score\n1,0.5\n2,0.4\n", encoding="utf-8")
    (tmp_path / "ranks.jsonl").write_text('{"rank": 1, "score": 0.5}\n', encoding="utf-8")
    for name in ("ranks.csv", "ranks.jsonl"):
        for words in (["teams", built_shop, item, "--taken", tmp_path / name], ["seeds", built_shop, "--exclude", tmp_path / name], ["simulate", built_shop, tmp_path / name]):
            told = gx(*words, code=2).err
            assert "of the columns 'rank', 'score' none is known to hold ids" in told and "user_id, user" in told


def test_what_cannot_be_balanced(built_shop, item):
    err = gx("teams", built_shop, item, "--balance-by", "shoe", code=2).err
    assert "shoe" in err and "city" in err
    assert "no-group" in gx("teams", built_shop, item, "--not-in", "no-group", code=2).err
    told = teams(built_shop, item, "-n", "1000", "--size", "6", "--balance-by", "region")
    assert len(told["teams"]) < 1000 and "balance_by" in told["short"]


def test_what_closeness_counts(built_shop, item):
    willing, close = (teams(built_shop, item, "-n", "10", "--close", value, "--no-balance")["teams"] for value in ("0.1", "0.9"))
    assert sum(t["close"] for t in close) > sum(t["close"] for t in willing)
    assert sum(t["willing"] for t in willing) > sum(t["willing"] for t in close)


def test_a_segment_alone(built_shop, item):
    told = teams(built_shop, item, "--segment", "c-1", "-n", "1000")
    names = {member["user"] for team in told["teams"] for member in team["members"]}
    inside = {row["user_id"] for row in gx("communities", built_shop, "--members", "--format", "csv").rows() if row["community"] == "c-1"}
    assert names and names <= inside and "no more are tied" in told["short"]


def test_friends_of_one_planted_circle_make_teams(built_shop, shop_files, item):
    """Friendships within a circle are strong: most teams are of one circle."""
    circle = {row["user_id"]: row["circle"] for row in read(shop_files / "truth" / "circles.csv")}
    found = teams(built_shop, item, "-n", "20")["teams"]
    whole = [len({circle.get(member["user"]) for member in team["members"]}) == 1 for team in found]
    print(sum(whole))
    assert sum(whole) >= 14


def test_errors_and_rpc(built_shop, serve, item):
    assert "sku-none" in gx("teams", built_shop, "sku-none", code=4).err
    assert "2" in gx("teams", built_shop, item, "--size", "1", code=2).err
    rows = gx("teams", built_shop, item, "-n", "2", "--format", "csv").rows()
    assert len(rows) == 2 and len(json.loads(rows[0]["members"])) == 3
    over = serve(built_shop).connect().call("audience.teams", {"item": item, "n": 5})
    assert over == teams(built_shop, item, "-n", "5")
