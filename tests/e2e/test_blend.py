"""Is the blend that a build learns worth it? Lists as rec.user would have made them at a time, with the weights learnt and by interest
alone, are judged by what members did afterwards: `guanxi eval --model blend,interest`, with its paired test and its table by length of
history (docs/blend.md)."""

import collections
import csv
import json
import math
import random
import shutil

import pytest
from conftest import Server, gx, need_data

SEEDS = (1, 2, 3)
CHANNELS = ("friends", "circle", "leader", "interest")


@pytest.fixture(scope="module", params=SEEDS)
def sample(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"seed{request.param}")
    gx("demo", folder / "data", "--seed", request.param)
    gx("import", folder / "shop.gx", folder / "data", "--create")
    return folder / "shop.gx", folder / "data"


@pytest.fixture(scope="module")
def ciao(tmp_path_factory):
    store = tmp_path_factory.mktemp("ciao") / "shop.gx"
    gx("import", store, need_data("shop-ciao"), "--create", timeout=300)
    return store


def against_interest(store, split, seed=1):
    """The paired test of ndcg@20, and the same by length of history."""
    told = gx("eval", store, "--model", "blend,interest", "--split", split, "--seed", seed, "--format", "json", timeout=900).json()
    (pair,) = told[0]["against"]
    print(pair["verdict"])
    for row in pair["history"]:
        print(json.dumps(row))
    (whole,) = [row for row in pair["tests"] if row["metric"] == "ndcg@20"]
    return whole, pair["history"]


def test_the_blend_beats_interest_on_the_sample_shop(sample):
    whole, history = against_interest(sample[0], "time:0.8")
    # Reached with seeds 1, 2, 3: .0101, .0083, .0115 over .1361, .1275, .1231, by lists that had to last for a fifth of the log; those
    # asked for anew gain more (test_planted.py).
    assert whole["difference"] >= 0.005 and whole["p"] <= 0.01
    assert all(row["difference"] >= 0 or row["p"] > 0.05 for row in history)


@pytest.mark.parametrize(("split", "seed"), [("time:0.6", 1), ("time:0.6", 2), ("time:0.8", 1), ("time:0.8", 2), ("time:0.9", 1)])
def test_the_blend_is_never_worse_than_interest_on_ciao(ciao, split, seed):
    """All members, and those of each length of history, whichever takes are drawn. At time:0.8 seed 2 was worse (-.0006, p .036) when one
    standard error was enough to keep ties."""
    whole, history = against_interest(ciao, split, seed)
    assert whole["difference"] >= 0
    assert all(row["difference"] >= 0 or row["p"] > 0.05 for row in history)


def test_lists_of_a_time_need_a_split_by_time(sample):
    told = gx("eval", sample[0], "--model", "blend", "--split", "random:0.8", code=2).err
    assert "time:SHARE" in told


# ---- which channel moves whom ----------------------------------------------------------------------


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def planted_causes(files):
    """{member: causes of their takes} of the takes that a build looks at: what members first touched in the last 0.4 of the events,
    and bought, and neither returned nor disliked since."""
    events = read(files / "events.csv")
    cause = {row["event_id"]: row["cause"] for row in read(files / "truth/causes.csv")}
    cut = sorted(event["ts"] for event in events)[int(0.6 * len(events))]
    weight = {"view": 1, "like": 2, "cart": 3, "share": 3, "buy": 5}
    touched, bought, held, against = {}, {}, collections.Counter(), collections.defaultdict(int)
    for event in sorted(events, key=lambda event: event["ts"]):
        pair = event["user_id"], event["item_id"]
        touched.setdefault(pair, event["ts"])
        if event["action"] == "buy":
            bought.setdefault(pair, cause[event["event_id"]])
            held[pair] += 1
        if event["action"] == "refund":
            held[pair] -= 1
            against[pair] = 5 if held[pair] == 0 else against[pair]
        elif event["action"] == "dislike":
            against[pair] = max(against[pair], 3)
        elif (float(event["value"]) if event["action"] == "rate" else weight[event["action"]]) >= against[pair]:
            against[pair] = 0
    causes = collections.defaultdict(list)
    for (user, item), of in bought.items():
        if touched[user, item] >= cut and not against[user, item]:
            causes[user].append(of)
    return causes


def learnt_susceptibility(store, files):
    gx("build", store)
    server = Server(store)
    rpc = server.connect()
    item = read(files / "items.csv")[0]["item_id"]
    users = [row["user_id"] for row in read(files / "users.csv")]
    told = {user: rpc.call("rec.explain", {"user": user, "item": item}) for user in users}
    rpc.close()
    assert server.stop() == 0, server.text()
    return told


def correlation(xs, ys):
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    both = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return both / math.sqrt(sum((a - x) ** 2 for a in xs) * sum((b - y) ** 2 for b in ys))


@pytest.fixture(scope="module")
def influences(sample):
    store, files = sample
    return planted_causes(files), learnt_susceptibility(store, files), files


def test_each_channel_gets_its_planted_share(influences):
    """Largest difference reached with seeds 1 to 8: .047, .053, .020, .051, .040, .054, .067, .057."""
    assert_planted_shares(*influences[:2])


def test_each_channel_gets_its_planted_share_where_it_is_furthest(tmp_path):
    """Seed 7, of the seeds 1 to 8 that in which interest is told the most too little."""
    gx("demo", tmp_path / "data", "--seed", 7)
    gx("import", tmp_path / "shop.gx", tmp_path / "data", "--create")
    assert_planted_shares(planted_causes(tmp_path / "data"), learnt_susceptibility(tmp_path / "shop.gx", tmp_path / "data"))


def assert_planted_shares(causes, told):
    """Of the takes looked at: the mean susceptibility of the members who made them, within .08 of the share that each influence brought
    about."""
    takes = [cause for of in causes.values() for cause in of]
    own = {user: row["susceptibility"] for user, row in told.items()}
    count = sum(of["takes"] for of in own.values())
    assert count == len(takes) >= 3000
    for channel in CHANNELS:
        planted = takes.count(channel) / len(takes)
        learnt = sum(of[channel] * of["takes"] for of in own.values()) / count
        print(channel, round(planted, 3), round(learnt, 3))
        assert abs(learnt - planted) <= 0.08


@pytest.mark.parametrize(("least_takes", "least"), [(1, 0.35), (4, 0.45)])
def test_a_member_is_told_what_moves_them(influences, least_takes, least):
    """Correlation of what is learnt of each member with what was planted in them. The causes themselves, which nobody sees, correlate with
    it by .50 to .62 for members with a take or more (2.3 in the mean), and .69 to .81 with four or more: that is what could be reached.
    Reached: friends .53 to .55, circle .41 to .46, leader .47 to .50, interest .45 to .51; with four takes or more .66 to .75, .50 to
    .61, .59 to .65, .63 to .67."""
    causes, told, files = influences
    planted = {row["user_id"]: row for row in read(files / "truth/members.csv")}
    users = [user for user in planted if told[user]["susceptibility"]["takes"] >= least_takes]
    for channel in CHANNELS:
        learnt = [told[user]["susceptibility"][channel] for user in users]
        found = correlation(learnt, [float(planted[user][channel]) for user in users])
        shares = [causes[user].count(channel) / max(1, len(causes[user])) for user in users]
        possible = correlation(shares, [float(planted[user][channel]) for user in users])
        print(channel, len(users), round(found, 3), round(possible, 3))
        assert found >= least


def test_members_have_weights_of_their_own(influences):
    """The weights of a list follow the member's susceptibility where that was seen to make lists better by more than a standard error:
    .0014 (.0007) with seed 1, .0020 (.0008) with seed 2; with seed 3 it was .0005 (.0006), and members of a bucket have the same ones."""
    _, told, files = influences
    weights = {tuple(row["weights"].values()) for row in told.values()}
    seen = len(weights) >= len(told) / 4
    assert seen or len(weights) <= 7
    assert seen or files.parent.name.startswith("seed3")


# ---- members without a history ----------------------------------------------------------------------


def test_without_a_history_a_friend_or_a_circle_named_is_heard(influences):
    """Too few members without a history take something for a blend of their own: the configured weights hold, and with them the ladder."""
    _, _, files = influences
    store = files.parent / "shop.gx"
    gx("call", store, "user.put", json.dumps({"users": [{"user_id": "new"}, {"user_id": "lone"}]}))
    gx("call", store, "tie.put", json.dumps({"ties": [{"src": "new", "dst": "u12", "kind": "friend"}]}))

    def ask(**more):
        told = gx("call", store, "rec.user", json.dumps({"users": ["new", "lone", "nobody"], "n": 5, **more}), "--format", "json").json()
        return told["lists"] if "lists" in told else told

    assert [row["rung"] for row in ask()] == ["friends_only", "popular", "popular"]
    for row in ask(context={"group": "c-3"}):
        assert row["rung"] == "friends_only"
        if row["user"] != "new":
            assert all([why["channel"] for why in item["why"]] == ["circle"] for item in row["items"])


# ---- what it takes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [1], indirect=True)
def test_the_blend_is_learnt_with_the_model_of_interest_that_is_wanted(sample, tmp_path):
    store = tmp_path / "shop.gx"
    shutil.copytree(sample[0], store)
    said = gx("build", store, "--interest", "nope", code=4).err
    assert "'nope'" in said and "fusion" in said
    assert "popular" in gx("build", store, "--interest", "popular", code=2).err
    assert "passes" in gx("build", store, "--interest", "ials", "--passes", "leiden", code=2).err
    steps = {step["pass"] for step in gx("build", store, "--interest", "item_knn", "--estimate", "--format", "json").json()["steps"]}
    assert {"item_knn", "blend"} <= steps and not {"linear", "ials", "interest"} & steps
    built = gx("build", store, "--interest", "item_knn", "--format", "json").json()
    assert built["interest"] == "item_knn" and built["tried"] == []
    told = gx("explain", store, "u5", "sku-1", "--format", "json").json()
    assert told["weights_from"] == "learnt"
    lists = gx("recommend", store, "u5", "u6", "u7", "--format", "json").json()
    gx("run", store, "linear", "--write", "linear")  # stands beside it, and is not what lists are made by
    assert gx("recommend", store, "u5", "u6", "u7", "--format", "json").json() == lists
    rows = gx("eval", store, "--model", "blend,interest,item_knn", "--format", "json").json()
    of = {row["model"]: row["ndcg@20"] for row in rows}
    assert of["blend"] > of["interest"] and abs(of["interest"] - of["item_knn"]) < 0.01
    usual = gx("eval", sample[0], "--model", "interest", "--format", "json").json()
    assert usual["ndcg@20"] != of["interest"]


@pytest.mark.parametrize("sample", [1], indirect=True)
def test_the_model_that_finds_more_makes_the_lists(sample, tmp_path):
    """ials on the sample shop; linear where everybody takes what one thing goes with, of which there are too many for so few factors."""
    built = gx("build", sample[0], "--format", "json").json()
    assert built["interest"] == "ials"
    (ials, linear) = built["tried"]
    assert (ials["model"], linear["model"]) == ("ials", "linear") and ials["ndcg@20"] > linear["ndcg@20"] > 0
    assert "interest" in [step["pass"] for step in gx("build", sample[0], "--estimate", "--format", "json").json()["steps"]]
    rng, rows = random.Random(4), ["user_id,item_id,action,ts"]
    for user in range(2000):
        for pair in rng.sample(range(1500), 4):  # and the other of each pair later
            day = 1 + user % 9
            rows.append(f"u{user},i{2 * pair},buy,2025-01-0{day}T00:00:00Z")
            rows.append(f"u{user},i{2 * pair + 1},buy,2025-0{3 if pair % 4 else 9}-0{day}T00:00:00Z")
    (tmp_path / "events.csv").write_text("\n".join(rows) + "\n")
    store = tmp_path / "pairs.gx"
    gx("import", store, tmp_path / "events.csv", "--create")
    built = gx("build", store, "--format", "json").json()
    (ials, linear) = built["tried"]
    assert built["interest"] == "linear" and linear["ndcg@20"] > ials["ndcg@20"]
    few = tmp_path / "few.gx"
    (tmp_path / "few.csv").write_text("\n".join(rows[:200]) + "\n")
    gx("import", few, tmp_path / "few.csv", "--create")
    built = gx("build", few, "--format", "json").json()
    assert built["interest"] == "ials" and built["tried"] == []


def test_what_a_build_takes_is_told_with_the_blend(sample):
    store = sample[0]
    told = gx("build", store, "--estimate", "--threads", "1", "--format", "json").json()
    (blend,) = [step for step in told["steps"] if step["pass"] == "blend"]
    assert 0 < blend["cpu_s"] <= blend["cpu_most_s"] <= told["cpu_most_s"]
    gx("build", store, "--threads", "1", "--mem", told["mem_bytes"])
    gx("build", store, "--threads", "1", "--mem", int(told["mem_bytes"] / 1.25), code=7)
    plain = gx("build", store, "--no-blend", "--estimate", "--threads", "1", "--format", "json").json()
    assert "blend" not in [step["pass"] for step in plain["steps"]]
    for steps in (told["steps"], plain["steps"]):
        of = {step["pass"]: step for step in steps}
        assert of["attributes"]["mem_bytes"] > 0 and of["alike"]["mem_bytes"] > 0
    assert plain["mem_bytes"] < told["mem_bytes"]
