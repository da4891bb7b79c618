"""Does guanxi find what the sample shop was planted with? docs/sample-shop.md says what that is; the shop writes it beside
its files, and the build never sees it. Bounds stand a little below what seeds 1, 2 and 3 reach, which is said beside them."""

import collections
import csv
import math
import random
import shutil

import pytest
from conftest import Server, gx

CHANNELS = ("friends", "circle", "leader", "interest")
CONFIGURED = {"friends": 0.20, "circle": 0.15, "leader": 0.10, "interest": 0.55}  # where nothing was learnt
LIST = 20  # the length of a list of recommendations


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mean(values):
    return sum(values) / len(values)


def make_shop(folder, **flags):
    files, store = folder / "data", folder / "shop.gx"
    gx("demo", files, *(f"--{name}={value}" for name, value in flags.items()))
    return files, build(store, files)


def build(store, files):
    gx("init", store)
    gx("import", store, files)
    gx("build", store)
    return store


# ---- leaders ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted_leaders(shop_files):
    return {row["user_id"]: row["category"] for row in read(shop_files / "truth/leaders.csv")}


@pytest.fixture(scope="module")
def rankings(built_shop):
    """The best members by score, and by plain follower count."""
    rows = gx("leaders", built_shop, "-n", "2000", "--format", "csv").rows()
    return {key: [r["user"] for r in sorted(rows, key=lambda r: int(r[key]))] for key in ("rank", "follower_rank")}


def precision(ranking, wanted, k):
    return len(set(ranking[:k]) & set(wanted)) / k


def test_leaders_are_found(rankings, planted_leaders):
    k = len(planted_leaders)
    # Reached with seeds 1, 2, 3: 1.00, 1.00, 1.00 at 20; .92, .92, .87 at k = 72, 66, 75 of 2,000 members.
    assert precision(rankings["rank"], planted_leaders, 20) >= 0.95
    assert precision(rankings["rank"], planted_leaders, k) >= 0.85
    # By follower count: .50, .40, .45 and .68, .62, .59.
    assert precision(rankings["rank"], planted_leaders, 20) >= precision(rankings["follower_rank"], planted_leaders, 20) + 0.3
    assert precision(rankings["rank"], planted_leaders, k) >= precision(rankings["follower_rank"], planted_leaders, k) + 0.15


def test_decoys_are_seen_through(rankings, planted_leaders, shop_files):
    decoys = {row["user_id"] for row in read(shop_files / "truth/decoys.csv")}
    k = len(planted_leaders)
    # Of 25, 23, 26 members whom many follow and none heeds, follower count takes 20, 22, 25 for leaders; the score 3, 1, 2.
    assert len(decoys & set(rankings["follower_rank"][:k])) >= len(decoys) * 0.7
    assert len(decoys & set(rankings["rank"][:k])) <= len(decoys) * 0.2


def test_leaders_are_found_by_category(built_shop, planted_leaders):
    found = 0
    for category, count in collections.Counter(planted_leaders.values()).items():
        leaders = gx("leaders", built_shop, "--category", category, "-n", count, "--format", "json").json()["leaders"]
        found += sum(planted_leaders.get(leader["user"]) == category for leader in leaders)
    # Reached with seed 1: .96 of the k best of every category, k as many as it has.
    assert found >= 0.85 * len(planted_leaders)


# ---- circles ------------------------------------------------------------------------------------


def agreement(left, right):
    """Normalised mutual information: 1 the same partition, 0 independent."""
    assert left.keys() == right.keys()
    n = len(left)

    def entropy(parts):
        return -sum(count / n * math.log(count / n) for count in collections.Counter(parts).values())

    both = entropy([(left[user], right[user]) for user in left])
    alone = entropy(left.values()), entropy(right.values())
    return 2 * (sum(alone) - both) / sum(alone)


def circles_agreement(store, files):
    found = {r["user_id"]: r["community"] for r in gx("communities", store, "--members", "--format", "csv").rows()}
    return agreement(found, {row["user_id"]: row["circle"] for row in read(files / "truth/circles.csv")})


def test_circles_are_found(built_shop, shop_files):
    # Reached: .982, .983, .979.
    assert circles_agreement(built_shop, shop_files) >= 0.95


def test_circles_and_leaders_of_a_larger_shop(tmp_path, long):
    if not long:
        pytest.skip("skipped: only with --long")
    files, store = make_shop(tmp_path, users=20000)
    assert circles_agreement(store, files) >= 0.97  # reached: .991
    planted = {row["user_id"] for row in read(files / "truth/leaders.csv")}
    rows = gx("leaders", store, "-n", len(planted), "--format", "csv").rows()
    assert precision([row["user"] for row in rows], planted, len(planted)) >= 0.85  # reached: .90 at k = 452


# ---- channels -----------------------------------------------------------------------------------


def is_purchase(event):
    return event["action"] == "buy"


def choose_hidden(events, causes):
    """The last purchase of each member in the last quarter of the year that was no repeat: {user: (item, cause)}. Its cause
    came before it and stays in the log: a friend's purchase, what is hot in the circle, a leader's share."""
    times = collections.Counter((e["user_id"], e["item_id"]) for e in events if is_purchase(e))
    last = {}
    for event in events:
        user, item = event["user_id"], event["item_id"]
        if is_purchase(event) and event["ts"] >= "2026-08-01" and times[user, item] == 1:
            if user not in last or event["ts"] > last[user]["ts"]:
                last[user] = event
    return {user: (event["item_id"], causes[event["event_id"]]) for user, event in last.items()}


def copy_without(files, to, hidden):
    """The shop without anything that those members did with those items."""
    shutil.copytree(files, to, ignore=shutil.ignore_patterns("truth", "events.csv"))
    with (
        open(files / "events.csv", encoding="utf-8", newline="") as whole,
        open(to / "events.csv", "w", encoding="utf-8", newline="") as part,
    ):
        rows = csv.DictReader(whole)
        out = csv.DictWriter(part, rows.fieldnames)
        out.writeheader()
        out.writerows(r for r in rows if hidden.get(r["user_id"], ("",))[0] != r["item_id"])


class HiddenShop:
    """A server over a shop that has not seen the last purchase of each member."""

    def __init__(self, folder, files):
        causes = {row["event_id"]: row["cause"] for row in read(files / "truth/causes.csv")}
        self.events = read(files / "events.csv")
        self.hidden = choose_hidden(self.events, causes)
        self.users = sorted(self.hidden)
        copy_without(files, folder / "data", self.hidden)
        self.server = Server(build(folder / "shop.gx", folder / "data"))
        self.rpc = self.server.connect()

    def close(self):
        self.rpc.close()
        assert self.server.stop() == 0, self.server.text()

    def points(self, user, item):
        """What each channel adds to the score of the item; the parts sum to the score. With the configured weights, for
        what is asked is whether the evidence is there; the blend that is learnt may leave a channel out."""
        told = self.rpc.call("rec.explain", {"user": user, "item": item, "channels": CONFIGURED})
        return {channel: told["score"] * (told["channels"] or {}).get(channel, 0) for channel in CHANNELS}

    def strangers(self):
        """{user: another member, who never touched what is hidden of the user}"""
        touched = {(event["user_id"], event["item_id"]) for event in self.events}
        rng = random.Random(1)
        others = {}
        for user in self.users:
            while user not in others or (others[user], self.hidden[user][0]) in touched:
                others[user] = rng.choice(self.users)
        return others

    def hits(self, channels=None):
        """{user: whether the hidden purchase is on the member's list}"""
        hits = {}
        for at in range(0, len(self.users), 100):
            args = {"users": self.users[at : at + 100], "n": LIST, "why": False}
            if channels:
                args["channels"] = {**dict.fromkeys(CHANNELS, 0), **channels}
            for row in self.rpc.call("rec.user", args):
                hits[row["user"]] = self.hidden[row["user"]][0] in {item["id"] for item in row["items"]}
        return hits

    def recall(self, channels=None):
        return mean(self.hits(channels).values())

    def popular_recall(self):
        """Of the most popular items a member has not bought: what the ladder gives to one it knows nothing of."""
        bought = collections.defaultdict(set)
        for event in self.events:
            if is_purchase(event):
                bought[event["user_id"]].add(event["item_id"])
        row = self.rpc.call("rec.user", {"users": ["nobody-yet"], "n": 1000, "why": False})[0]
        assert row["rung"] == "popular"
        ranked = [item["id"] for item in row["items"]]
        found = 0
        for user, (item, _) in self.hidden.items():
            known = bought[user] - {item}
            found += item in [other for other in ranked if other not in known][:LIST]
        return found / len(self.hidden)


@pytest.fixture(scope="module")
def hidden_shop(tmp_path_factory, shop_files):
    shop = HiddenShop(tmp_path_factory.mktemp("hidden"), shop_files)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def points(hidden_shop):
    """[(cause, points of each channel)] of every hidden purchase."""
    return [(cause, hidden_shop.points(user, item)) for user, (item, cause) in sorted(hidden_shop.hidden.items())]


@pytest.fixture(scope="module")
def shares(points):
    """The same as shares of the score, where some channel speaks for the purchase."""
    return [(cause, {c: p / sum(of.values()) for c, p in of.items()}) for cause, of in points if sum(of.values()) > 0]


def split(rows, channel):
    planted = [values[channel] for cause, values in rows if cause == channel]
    others = [values[channel] for cause, values in rows if cause != channel]
    return planted, others


# Mean share of the channel in purchases that its influence brought about, over its mean share in all others. Reached with
# seeds 1, 2, 3: friends 1.8, 2.3, 2.0; circle 1.5, 1.5, 1.6; leader 4.1, 3.9, 3.6; interest 1.3, 1.4, 1.4. Friends, leader and
# interest also earn more points there than elsewhere. The circle earns about as many (.8, .9, 1.0 times): a circle shares its
# tastes, so that what its members buy by taste is popular in it as well; its share grows since other channels say less.
LEAST_RATIO = {"friends": 1.5, "circle": 1.25, "leader": 2.5, "interest": 1.15}

# Mean points that the channel gives to the purchases its influence brought about: for the buyer, over those for a member who
# never touched the item. Reached: friends 8.6, 9.6, 8.9; circle 9.7, 9.0, 9.3; leader 11, 15, 13; interest 3.5, 3.4, 4.0.
LEAST_LOCAL = {"friends": 5, "circle": 5, "leader": 6, "interest": 2.5}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_earns_what_its_influence_brought_about(shares, channel):
    planted, others = split(shares, channel)
    assert len(planted) >= 100
    assert mean(planted) >= LEAST_RATIO[channel] * mean(others)


@pytest.mark.parametrize("channel", CHANNELS)
def test_that_is_not_by_chance(shares, channel):
    """Causes are shuffled among the purchases: no shuffle of 200 gives the channel as much."""
    planted, others = split(shares, channel)
    rng, all_shares = random.Random(1), planted + others
    assert max(mean(rng.sample(all_shares, len(planted))) for _ in range(200)) < mean(planted)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_earns_it_for_the_member_whom_it_moved(hidden_shop, points, channel):
    strangers = hidden_shop.strangers()
    moved = [(user, item) for user, (item, cause) in hidden_shop.hidden.items() if cause == channel]
    elsewhere = mean([hidden_shop.points(strangers[user], item)[channel] for user, item in moved])
    assert mean(split(points, channel)[0]) >= LEAST_LOCAL[channel] * elsewhere


def sign_flips(differences, draws=2000):
    """p of the paired permutation test that the mean of the differences is not above 0 (Fisher 1935)."""
    rng, seen = random.Random(1), sum(differences)
    beyond = sum(sum(d if rng.random() < 0.5 else -d for d in differences if d) >= seen for _ in range(draws))
    return (1 + beyond) / (1 + draws)


def test_the_list_beats_popularity_and_taste(hidden_shop):
    """Recall@20 of the hidden purchase, with the weights that the build learnt."""
    blend, interest = hidden_shop.hits(), hidden_shop.hits({"interest": 1})
    recall = mean(blend.values())
    alone = {channel: hidden_shop.recall({channel: 1}) for channel in CHANNELS}
    configured = hidden_shop.recall(CONFIGURED)
    print(recall, configured, alone, hidden_shop.popular_recall())
    assert recall >= 0.4
    assert recall >= 3 * hidden_shop.popular_recall()
    assert recall >= 1.02 * configured
    assert all(recall >= 1.1 * alone[channel] for channel in ("interest", "circle", "leader"))
    assert recall >= alone["friends"]
    assert sign_flips([blend[user] - interest[user] for user in hidden_shop.users]) <= 0.001


@pytest.mark.parametrize(("channel", "least"), [("friends", 0.55), ("leader", 0.8)])
def test_a_channel_alone_finds_what_its_influence_brought_about(hidden_shop, channel, least):
    hits = hidden_shop.hits({channel: 1})
    planted = mean([hits[user] for user, (_, cause) in hidden_shop.hidden.items() if cause == channel])
    others = mean([hits[user] for user, (_, cause) in hidden_shop.hidden.items() if cause != channel])
    # Reached: friends .64, .68, .64; leader .91, .92, .89.
    assert planted >= least
    assert planted >= 1.4 * others
