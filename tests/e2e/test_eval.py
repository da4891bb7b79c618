"""guanxi eval: metrics against a naive twin in Python, splits, intervals, paired tests, lists made elsewhere."""

import csv
import collections
import json
import math
import random

import pytest
from conftest import gx

USERS, ITEMS = 60, 40


def write(path, rows, header):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Train and test pairs, and lists of 10 for most members, with two ids nobody knows."""
    folder = tmp_path_factory.mktemp("eval")
    draw = random.Random(5)
    pairs = {(draw.randrange(USERS), int(draw.random() ** 2 * ITEMS)) for _ in range(900)}
    train = {pair for pair in pairs if draw.random() < 0.7}
    train |= {(u, u % ITEMS) for u in range(USERS)} | {(i % USERS, i) for i in range(ITEMS)}
    test = pairs - train
    lists = {u: draw.sample(range(ITEMS), 10) for u in range(USERS) if u % 7}
    header = ["user_id", "item_id", "ts"]
    write(folder / "train.csv", [(f"u{u}", f"i{i}", 1000 + u) for u, i in sorted(train)], header)
    write(folder / "test.csv", [(f"u{u}", f"i{i}", 2000 + u) for u, i in sorted(test)], header)
    rows = [(f"u{u}", f"i{i}", k + 1) for u, items in lists.items() for k, i in enumerate(items)]
    draw.shuffle(rows)
    write(folder / "theirs.csv", rows, ["user_id", "item_id", "rank"])
    return folder, train, test, lists


def twin(train, test, lists, cutoff):
    """Every metric by its definition."""
    wanted = {}
    for u, i in test:
        wanted.setdefault(u, set()).add(i)
    popular = [sum(1 for u in range(USERS) if (u, i) in train) for i in range(ITEMS)]
    members = len({u for u, _ in train})
    sums = dict.fromkeys(("recall", "ndcg", "precision", "hit_rate", "mrr", "map"), 0.0)
    for u, items in wanted.items():
        hits = [i in items for i in lists.get(u, [])[:cutoff]]
        places = [k + 1 for k, hit in enumerate(hits) if hit]
        best = min(cutoff, len(items))
        sums["recall"] += len(places) / len(items)
        sums["precision"] += len(places) / cutoff
        sums["hit_rate"] += bool(places)
        sums["mrr"] += 1 / places[0] if places else 0
        sums["map"] += sum((n + 1) / k for n, k in enumerate(places)) / best
        sums["ndcg"] += sum(1 / math.log2(k + 1) for k in places) / sum(1 / math.log2(k + 2) for k in range(best))
    found = {f"{name}@{cutoff}": value / len(wanted) for name, value in sums.items()}
    shown = [lists[u][:cutoff] for u in wanted if lists.get(u)]
    places = [i for items in shown for i in items]
    count = sorted(places.count(i) for i in range(ITEMS))
    found["coverage"] = len(set(places)) / ITEMS
    found["gini"] = sum((2 * r + 1 - ITEMS) * c for r, c in enumerate(count)) / (ITEMS * len(places))
    found["novelty"] = sum(-math.log2(max(popular[i], 1) / members) for i in places) / len(places)
    found["popularity"] = sum(popular[i] / members for i in places) / len(places)
    found["popularity_bias"] = found["popularity"] / (sum(popular[i] / members for _, i in test) / len(test))
    overlap = [
        len(set(a) & set(b)) / math.sqrt(len(a) * len(b)) for x, a in enumerate(shown) for b in shown[x + 1 :]
    ]
    found["personalisation"] = 1 - sum(overlap) / len(overlap)
    return found


def words(folder):
    return ["--train", folder / "train.csv", "--test", folder / "test.csv"]


def near(got, want):
    for name, value in want.items():
        assert got[name] == pytest.approx(value, abs=1e-9), name


def test_lists_by_definition(files):
    folder, train, test, lists = files
    got = gx("eval", *words(folder), "--lists", folder / "theirs.csv", "--cutoff", "10", "--format", "json").json()
    assert got["model"] == "theirs" and got["users"] == len({u for u, _ in test})
    near(got, twin(train, test, lists, 10))
    assert got["unlisted"] == len({u for u, _ in test if u not in lists})
    assert got["unknown_users"] == got["unknown_items"] == 0
    low, high = got["intervals"]["recall@10"]
    assert low < got["recall@10"] < high
    assert sum(third["shown"] for third in got["thirds"]) == pytest.approx(1)
    assert sum(bucket["users"] for bucket in got["history"]) == got["users"]


def test_popular_by_definition_at_several_cutoffs(files):
    folder, train, test, _ = files
    popular = [sum(1 for u in range(USERS) if (u, i) in train) for i in range(ITEMS)]
    best = sorted(range(ITEMS), key=lambda i: -popular[i])
    # Equal scores go by the item's number in the store, which is that of its first row.
    first = {}
    for u, i in sorted(train):
        first.setdefault(i, len(first))
    best = sorted(range(ITEMS), key=lambda i: (-popular[i], first[i]))
    lists = {u: [i for i in best if (u, i) not in train] for u in range(USERS)}
    got = gx("eval", *words(folder), "--model", "popular", "--cutoff", "5,20,1", "--format", "json").json()
    assert got["model"] == "popular"
    near(got, twin(train, test, lists, 20))
    for cutoff in (1, 5):
        want = twin(train, test, lists, cutoff)
        near(got, {name: value for name, value in want.items() if "@" in name})
        near(got, {f"{name}@{cutoff}": value for name, value in want.items() if "@" not in name})


def test_several_models_are_compared(files):
    folder, _, _, _ = files
    flags = [*words(folder), "--model", "linear,popular", "--lists", f"theirs={folder / 'theirs.csv'}"]
    rows = gx("eval", *flags, "--format", "json").json()
    assert [row["model"] for row in rows] == ["linear", "popular", "theirs"]
    assert [other["model"] for other in rows[0]["against"]] == ["popular", "theirs"]
    test = {t["metric"]: t for t in rows[0]["against"][1]["tests"]}["recall@20"]
    assert test["difference"] == pytest.approx(rows[0]["recall@20"] - rows[2]["recall@20"])
    assert test["low"] < test["difference"] < test["high"] and 0 < test["p"] <= test["p_all"] <= 1
    # Random lists of 10 against a model's of 20: the data can tell.
    assert test["better"] == "linear"
    assert "linear is better than theirs" in rows[0]["against"][1]["verdict"]
    table = gx("eval", *flags).out
    assert "verdicts:" in table and "by length of history:" in table and "by popularity:" in table
    pairs = gx("eval", *flags, "--show", "pairs", "--format", "csv").rows()
    assert len(pairs) == 3 * 6 and pairs[0]["model"] == "linear" and pairs[0]["against"] == "popular"
    models = gx("eval", *flags, "--format", "csv").rows()
    assert float(models[0]["recall@20"]) == rows[0]["recall@20"]
    assert float(models[0]["recall@20_low"]) == rows[0]["intervals"]["recall@20"][0]
    one = gx("eval", *flags, "--format", "json", "--threads", "1").json()
    for row, other in zip(rows, one):
        assert row["intervals"] == other["intervals"] and row["against"] == other["against"]


def test_one_model_twice_with_other_parameters(files):
    folder, _, _, _ = files
    flags = ["eval", *words(folder), "--model", "linear,same=linear,flat=linear", "--params", "flat.target_exponent=1"]
    rows = gx(*flags, "--format", "json").json()
    assert [row["model"] for row in rows] == ["linear", "same", "flat"]
    assert rows[0]["ndcg@20"] == rows[1]["ndcg@20"] != rows[2]["ndcg@20"]
    turned = gx("eval", *words(folder), "--model", "popular,linear", "--format", "json").json()[0]["against"][0]["verdict"]
    straight = gx("eval", *words(folder), "--model", "linear,popular", "--format", "json").json()[0]["against"][0]["verdict"]
    assert turned == straight or "cannot tell" in straight
    assert all(t["p"] == 1 for t in rows[0]["against"][0]["tests"])
    assert "accepted is MODEL or NAME=MODEL" in gx("eval", *words(folder), "--model", "=linear", code=2).err
    assert "did you mean linear" in gx("eval", *words(folder), "--model", "x=linaer", code=4).err


def test_of_one_member_nothing_can_be_told(files, tmp_path):
    """There is no interval; "+nan to +nan" was printed."""
    folder, _, test, _ = files
    user, item = sorted(test)[0]
    write(tmp_path / "one.csv", [(f"u{user}", f"i{item}", 3000)], ["user_id", "item_id", "ts"])
    done = gx("eval", "--train", folder / "train.csv", "--test", tmp_path / "one.csv", "--model", "linear,popular")
    assert "the data cannot tell linear from popular" in done.out and "of 1 member, no interval" in done.out
    assert "nan" not in done.out


def test_a_model_is_not_better_than_itself(files):
    folder, _, _, _ = files
    lists = folder / "theirs.csv"
    rows = gx("eval", *words(folder), "--lists", f"a={lists},b={lists}", "--format", "json").json()
    against = rows[0]["against"][0]
    assert against["verdict"].startswith("the data cannot tell a from b")
    assert all(t["p"] == 1 and t["better"] is None for t in against["tests"])


def test_lists_in_jsonl_by_score(files, tmp_path):
    folder, _, _, lists = files
    path = tmp_path / "scored.jsonl"
    rows = [(u, i, 10 - k) for u, items in lists.items() for k, i in enumerate(items)]
    random.Random(1).shuffle(rows)
    with open(path, "w", encoding="utf-8") as out:
        for u, i, score in rows:
            out.write(json.dumps({"user_id": f"u{u}", "item_id": f"i{i}", "score": score}) + "\n")
    flags = ["--cutoff", "7", "--format", "json"]
    one = gx("eval", *words(folder), "--lists", f"x={folder / 'theirs.csv'}", *flags).json()
    two = gx("eval", *words(folder), "--lists", f"x={path}", *flags).json()
    for name in ("ndcg@7", "map@7", "intervals", "gini", "personalisation"):
        assert one[name] == two[name]


def test_without_a_model_it_is_that_of_a_build(files):
    folder, _, _, _ = files
    flags = [*words(folder), "--resamples", "0", "--format", "json"]
    assert gx("eval", *flags).json()["model"] == "ials"
    assert gx("eval", *flags, "--lists", folder / "theirs.csv").json()["model"] == "theirs"


def test_unknown_ids_are_told(files, tmp_path):
    folder, _, _, _ = files
    path = write(
        tmp_path / "odd.csv",
        [("u1", "nowhere", 1), ("u1", "i2", 2), ("nobody", "i1", 1)],
        ["user_id", "item_id", "rank"],
    )
    done = gx("eval", *words(folder), "--lists", path, "--format", "json")
    got = done.json()
    assert got["unknown_users"] == 1 and got["unknown_items"] == 1 and got["lists"] == 1
    assert got["first_unknown_user"] == "'nobody'" and got["first_unknown_item"] == "'nowhere'"
    assert "'nobody'" in done.err and "'nowhere'" in done.err and "have no list" in done.err


@pytest.mark.parametrize(
    "text, said",
    [
        ("user_id,item_id,rank\nu1,i1,first\n", "'first' is no rank"),
        ("user_id,thing\nu1,i1\n", "has no item_id"),
        ("user_id,item_id\n", "no rows"),
        ("user_id,item_id\nu1,i1\nu1,i1\n", "twice"),
    ],
)
def test_bad_lists_are_refused(files, tmp_path, text, said):
    folder, _, _, _ = files
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    done = gx("eval", *words(folder), "--lists", path, code=2)
    assert said in done.err


@pytest.mark.parametrize("split", ["time:0.8", "random:0.8", "leave-one-out", "member:0.8", "cold-items:0.1"])
def test_splits_of_a_store(built_shop, split):
    flags = ["eval", built_shop, "--split", split, "--model", "popular,linear", "--format", "json"]
    one = gx(*flags, "--threads", "1").json()
    two = gx(*flags, "--threads", "2").json()
    for a, b in zip(one, two):
        assert a["recall@20"] == b["recall@20"] and a["intervals"] == b["intervals"] and a["against"] == b["against"]
    assert one[0]["users"] > 100 and 0 < one[1]["recall@20"] <= 1
    if split == "leave-one-out":
        assert one[1]["recall@20"] == one[1]["hit_rate@20"]
    if split != "time:0.8":
        assert one[0]["repeats"] == 0
        other = gx(*flags, "--seed", "7").json()
        assert other[1]["recall@20"] != one[1]["recall@20"] or split == "leave-one-out"


def test_items_nobody_has_chosen_are_told_apart_by_what_they_are_like(built_shop):
    whole = gx("call", built_shop, "eval.run", json.dumps({"split": "cold-items:0.1", "models": ["popular", "linear", "ials"]})).json()
    by = {row["model"]: row for row in whole["results"]}
    chance = min(20, whole["cold_items"]) / whole["cold_items"]
    for name in ("linear", "ials"):  # better than what is popular in their categories and brands, and that than a draw
        assert by[name]["intervals"]["recall@20"][0] > by["popular"]["intervals"]["recall@20"][1] > chance
        assert by[name]["popularity"] == 0  # none of them has a history
    assert "cold-items judges what items are like" in gx("tune", built_shop, "--model", "linear", "--split", "cold-items:0.2", code=None).err
    assert "a split by time" in gx("eval", built_shop, "--split", "cold-items:0.2", "--model", "interest", code=None).err
    few = gx("call", built_shop, "eval.run", json.dumps({"split": "cold-items:0.02", "models": ["linear"], "resamples": 0})).json()
    assert few["cold_items"] < whole["cold_items"] and few["results"][0]["users"] < by["linear"]["users"]


def test_items_that_are_like_nothing_cannot_be_told_apart(files, tmp_path):
    store = tmp_path / "bare.gx"
    rows = [(f"u{u}", f"i{i}", "buy", 1000 + u) for u, i in sorted(files[1])]
    gx("import", store, write(tmp_path / "events.csv", rows, ["user_id", "item_id", "action", "ts"]), "--create")
    assert "no item has a category, brand, seller, tag or price" in gx("eval", store, "--split", "cold-items:0.2", code=None).err


def test_some_members_stand_for_all(built_shop):
    flags = ["eval", built_shop, "--split", "random:0.7", "--model", "popular,linear", "--format", "json"]
    whole = gx(*flags).json()
    some = gx(*flags, "--members", "400").json()
    few = gx(*flags, "--members", "30").json()  # few among many: scored one by one
    assert [row["users"] for row in some] == [400, 400] and few[0]["users"] == 30
    for a, b in zip(whole, some):
        low, high = b["intervals"]["ndcg@20"]
        assert abs(a["ndcg@20"] - b["ndcg@20"]) < 2 * (high - low)
    assert gx(*flags, "--members", "1000000").json()[1]["recall@20"] == whole[1]["recall@20"]
    assert "--members was given with --trend" in gx("eval", built_shop, "--trend", "--members", "5", code=2).err


def test_what_members_had_already_is_no_test(tmp_path):
    """Every figure was 0, as if the models had been bad; lists made elsewhere may repeat it."""
    store, events = tmp_path / "s.gx", tmp_path / "events.csv"
    rows = [f"u{u},i{(u + k) % 7},{action},{1_700_000_000 + 100 * k + u}" for u in range(20) for k in range(3) for action in ("view", "buy")]
    events.write_text("user_id,item_id,action,ts\n" + "\n".join(rows) + "\n")
    gx("init", store)
    gx("import", store, events)
    assert "known for already (60 pairs)" in gx("eval", store, "--split", "actions:view/buy", "--model", "linear", code=None).err
    (tmp_path / "theirs.csv").write_text("user_id,item_id\nu0,i1\n")
    judged = gx("eval", store, "--split", "actions:view/buy", "--lists", tmp_path / "theirs.csv", "--format", "json").json()
    assert judged["recall@20"] > 0


def test_files_may_say_what_was_done(tmp_path):
    """Both files with a column `action` were refused, and what was not bought in the first was left out."""
    train, test, plain = (tmp_path / name for name in ("tr.csv", "te.csv", "plain.csv"))
    deeds = [(f"u{u}", f"i{(u % 3) * 5 + k}", "buy" if k < 2 else "view") for u in range(30) for k in range(4) if (u + k) % 7]
    found = [(f"u{u}", f"i{(u % 3) * 5 + 4}", "buy" if u % 2 else "cart") for u in range(30)]
    for path, rows in ((train, deeds), (test, found)):
        path.write_text("user_id,item_id,action,ts\n" + "".join(f"{u},{i},{a},1700000000\n" for u, i, a in rows))
    plain.write_text("user_id,item_id,ts\n" + "".join(f"{u},{i},1700000000\n" for u, i, _ in found))
    lists = tmp_path / "theirs.csv"
    lists.write_text("user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i, _ in found))
    words = ["--lists", f"x={lists}", "--model", "popular", "--cutoff", "5", "--resamples", "0", "--format", "json"]
    named, bare = (gx("eval", "--train", train, "--test", path, *words).json() for path in (test, plain))
    assert [row["recall@5"] for row in named] == [row["recall@5"] for row in bare]
    x = next(row for row in named if row["model"] == "x")
    assert x["recall@5"] == 1 and x["users"] == 30
    gx("import", tmp_path / "s.gx", train, "--create")
    every = gx("eval", tmp_path / "s.gx", "--split", "actions:*/buy", "--model", "popular", "--format", "json").json()
    one = gx("eval", tmp_path / "s.gx", "--split", "actions:view/buy", "--model", "popular", "--format", "json").json()
    assert every["ndcg@20"] == one["ndcg@20"]


def test_no_row_of_the_test_is_lost_to_the_train(tmp_path):
    """Rows whose event_id the first file had too were left out, and not told of; that a file may have one twice is."""
    train, test, plain, twice = (tmp_path / name for name in ("tr.csv", "te.csv", "plain.csv", "twice.csv"))
    deeds = [(f"u{u}", f"i{(u % 3) * 5 + k}") for u in range(30) for k in range(4) if (u + k) % 7]
    found = [(f"u{u}", f"i{(u % 3) * 5 + 4}") for u in range(30)]
    head = "event_id,user_id,item_id,action,ts\n"
    for path, rows in ((train, deeds), (test, found)):
        path.write_text(head + "".join(f"{k},{u},{i},buy,1700000000\n" for k, (u, i) in enumerate(rows)))
    plain.write_text("user_id,item_id,action,ts\n" + "".join(f"{u},{i},buy,1700000000\n" for u, i in found))
    twice.write_text(head + "".join(f"{k % 80},{u},{i},buy,1700000000\n" for k, (u, i) in enumerate(deeds)))
    words = ["--model", "popular", "--resamples", "0", "--format", "json"]
    named, bare = (gx("eval", "--train", train, "--test", path, *words) for path in (test, plain))
    assert f"{test}: 30 events read" in named.err and "left out" not in named.err
    assert named.json()["recall@20"] == bare.json()["recall@20"] and named.json()["users"] == 30
    lost = gx("eval", "--train", twice, "--test", plain, *words)
    assert f"{twice}: {len(deeds) - 80} rows left out, whose event_id" in lost.err


def test_pairs_alone_are_events(tmp_path):
    """Files of two columns were of no kind, and those of items passed for events."""
    train, test, items = (tmp_path / name for name in ("tr.csv", "te.csv", "items.csv"))
    times = [tmp_path / f"{name}-ts.csv" for name in ("tr", "te")]
    deeds = [(f"u{u}", f"i{(u % 3) * 5 + k}") for u in range(30) for k in range(4) if (u + k) % 7]
    found = [(f"u{u}", f"i{(u % 3) * 5 + 4}") for u in range(30)]
    for path, timed, rows in zip((train, test), times, (deeds, found)):
        path.write_text("user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i in rows))
        timed.write_text("user_id,item_id,ts\n" + "".join(f"{u},{i},1700000000\n" for u, i in rows))
    items.write_text("item_id,title\ni1,Tea\n")
    words = ["--model", "linear", "--resamples", "0", "--format", "json"]
    want = gx("eval", "--train", times[0], "--test", times[1], *words).json()["ndcg@20"]
    for first, second in ((train, test), (train, times[1]), (times[0], test)):
        assert gx("eval", "--train", first, "--test", second, *words).json()["ndcg@20"] == pytest.approx(want)
    refused = gx("eval", "--train", items, "--test", test, *words, code=None)
    assert refused.code == 2 and "events needs the column user_id; the file has 'item_id', 'title'" in refused.err
    gx("tune", "--train", train, "--model", "rp3beta", "--split", "random:0.8", "--trials", 2)


@pytest.mark.parametrize("ts", [0, 1700000000])
def test_events_of_one_time_have_no_later(tmp_path, ts):
    """The split was said to look only for what its members had, or to leave nothing to fit on."""
    store = tmp_path / "s.gx"
    rows = [f"u{u},i{(u % 3) * 5 + k},buy,{ts}" for u in range(30) for k in range(4)]
    (tmp_path / "events.csv").write_text("user_id,item_id,action,ts\n" + "\n".join(rows) + "\n")
    gx("import", store, tmp_path / "events.csv", "--create")
    said = gx("eval", store, "--model", "popular", code=None).err
    assert "all 120 events have the same time" in said and "random:SHARE and member:SHARE" in said
    assert gx("eval", store, "--model", "popular", "--split", "random:0.5", "--format", "json").json()["users"] == 30


def test_what_was_not_measured_is_not_told(built_shop, tmp_path):
    """Of blend: the most memory was 0, and scoring was what reading the finished lists took."""
    (tmp_path / "theirs.csv").write_text("user_id,item_id\nu1,sku-1\n")
    words = ["--model", "blend,linear", "--lists", tmp_path / "theirs.csv", "--resamples", "0", "--members", "50", "--format", "json"]
    blend, linear, theirs = sorted(gx("eval", built_shop, *words).json(), key=lambda row: ["blend", "linear", "theirs"].index(row["model"]))
    cost = {"fit_cpu_s", "fit_wall_s", "rss_bytes", "score_cpu_s", "score_wall_s"}
    assert cost & set(blend) == {"fit_cpu_s", "fit_wall_s", "rss_bytes"} and blend["rss_bytes"] > 1_000_000
    assert cost <= set(linear) and linear["score_cpu_s"] > 0 and not cost & set(theirs)


def test_help_tells_the_splits_there_are():
    assert "cold-items:SHARE" in gx("help", "eval").out and "cold-items" not in gx("help", "tune").out


@pytest.mark.parametrize("split", ["time", "time:1", "random:0", "random:x", "cold-items", "cold-items:1", "leave-one-out:3", "actions:buy", "weekly"])
def test_bad_splits_are_refused(built_shop, split):
    done = gx("eval", built_shop, "--split", split, code=2)
    assert f"'{split}' was given" in done.err and "leave-one-out" in done.err


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--cutoff", "0"], "'0' was given"),
        (["--cutoff", "5,5"], "each once"),
        (["--cutoff", "ten"], "'ten' was given"),
        (["--model", "linaer"], "did you mean linear"),
        (["--model", "linear,linear"], "asked for twice"),
        (["--model", "linear", "--params", "ials.factors=8"], "none of the models asked for"),
        (["--history", "x"], "history"),
    ],
)
def test_bad_arguments_are_refused(built_shop, flags, said):
    done = gx("eval", built_shop, *flags, code=None)
    assert done.code in (2, 4) and said in done.err


def test_over_the_socket(built_shop, serve):
    connection = serve(built_shop).connect()
    got = connection.call("eval.run", {"models": ["popular"], "cutoff": 5, "split": "leave-one-out"})["results"][0]
    assert set(got) >= {"recall@5", "gini", "personalisation", "intervals", "thirds", "history"}
    here = gx("eval", built_shop, "--model", "popular", "--cutoff", "5", "--split", "leave-one-out", "--format", "json")
    assert here.json()["recall@5"] == got["recall@5"]
    connection.close()


# ---- off-policy -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logged_shop(tmp_path_factory):
    """Members buy one of two kinds of items; then every request shows one of ten items, low numbers more often, and
    members buy what is of their kind three times as often. Two impressions have no propensity."""
    folder = tmp_path_factory.mktemp("logged")
    draw = random.Random(9)
    odds = [1 / (2 + i) for i in range(10)]
    events, shown = [], []
    for u in range(300):
        for i in draw.sample(range(u % 2, 10, 2), 2):
            events.append((f"u{u}", f"i{i}", "buy", 1_700_000_000 + draw.randrange(1000)))
    for request in range(6000):
        u = draw.randrange(300)
        i = draw.choices(range(10), odds)[0]
        ts = 1_700_100_000 + 100 * request
        shown.append((f"r{request}", f"u{u}", f"i{i}", 0, ts, "a", odds[i] / sum(odds)))
        if draw.random() < (0.3 if i % 2 == u % 2 else 0.1):
            events.append((f"u{u}", f"i{i}", "buy", ts + 60))
    shown.append(("r-none", "u1", "i1", 0, 1_700_100_001, "a", ""))
    shown.append(("r-two", "u1", "i1", 0, 1_700_100_002, "b", 2))
    write(folder / "events.csv", events, ["user_id", "item_id", "action", "ts"])
    write(
        folder / "impressions.csv", shown, ["request_id", "user_id", "item_id", "pos", "ts", "arm", "propensity"]
    )
    write(
        folder / "kind.csv",
        [(f"u{u}", f"i{u % 2 + 2 * (u // 2 % 5)}", 1) for u in range(300)],
        ["user_id", "item_id", "rank"],
    )
    write(
        folder / "other.csv",
        [(f"u{u}", f"i{(u + 1) % 2 + 2 * (u // 2 % 5)}", 1) for u in range(300)],
        ["user_id", "item_id", "rank"],
    )
    store = folder / "logged.gx"
    gx("init", store)
    gx("import", store, folder / "events.csv")
    gx("import", store, folder / "impressions.csv")
    return store, folder


def test_off_policy_finds_the_truth(logged_shop):
    store, folder = logged_shop
    flags = ["eval", store, "--off-policy", "--lists", f"{folder / 'kind.csv'},{folder / 'other.csv'}"]
    done = gx(*flags, "--model", "popular,linear", "--window", "10m", "--format", "json")
    got = done.json()
    assert (got["impressions"], got["used"], got["requests"]) == (6002, 6000, 6000)
    assert got["without_propensity"] == 1 and got["bad_propensity"] == 1 and got["cutoff"] == 1
    rows = {row["model"]: row for row in got["results"]}
    assert list(rows) == ["popular", "linear", "kind", "other"]
    # Lists of the member's kind earn .3 a request and the others .1; a wide margin for luck.
    for name, truth in (("kind", 0.3), ("other", 0.1)):
        for estimate in ("ips", "snips", "dr"):
            value = rows[name][estimate]
            assert abs(value - truth) < 0.06, (name, estimate, value)
        assert rows[name]["dr_low"] - 0.03 < truth < rows[name]["dr_high"] + 0.03
    assert rows["kind"]["gain_low"] > 0 > rows["other"]["gain_high"]
    # What linear learnt before: members of a kind buy items of it.
    assert rows["linear"]["dr"] == pytest.approx(0.3, abs=0.08)
    said = {text.split(":")[0]: text for text in got["verdicts"]}
    assert "better than what was shown" in said["kind"] and "worse than what was shown" in said["other"]
    assert "left out" in done.err
    # The same by hand for one of them.
    with open(folder / "impressions.csv", encoding="utf-8") as text:
        shown = [row for row in csv.DictReader(text) if row["propensity"] not in ("", "2")]
    with open(folder / "events.csv", encoding="utf-8") as text:
        bought = {(row["user_id"], row["item_id"], int(row["ts"])) for row in csv.DictReader(text)}
    with open(folder / "kind.csv", encoding="utf-8") as text:
        target = {row["user_id"]: row["item_id"] for row in csv.DictReader(text)}
    weights = [1 / float(s["propensity"]) if target[s["user_id"]] == s["item_id"] else 0 for s in shown]
    earned = [(s["user_id"], s["item_id"], int(s["ts"]) + 60) in bought for s in shown]
    ips = sum(w * r for w, r in zip(weights, earned))
    assert rows["kind"]["ips"] == pytest.approx(ips / len(shown), rel=1e-5)
    assert rows["kind"]["snips"] == pytest.approx(ips / sum(weights), rel=1e-5)
    assert rows["kind"]["logged"] == pytest.approx(sum(earned) / len(shown))
    assert rows["kind"]["effective"] == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights), rel=1e-4)
    one = gx(*flags, "--model", "popular,linear", "--window", "10m", "--format", "json", "--threads", "1").json()
    for a, b in zip(one["results"], got["results"]):
        assert {k: v for k, v in a.items() if k != "fit_cpu_s"} == {k: v for k, v in b.items() if k != "fit_cpu_s"}
    table = gx(*flags).out
    assert "verdicts:" in table and "snips" in table
    alone = gx("eval", store, "--off-policy", "--resamples", "0", "--format", "json").json()
    assert [row["model"] for row in alone["results"]] == ["ials"]
    assert len(gx(*flags, "--format", "csv").rows()) == 2


@pytest.mark.parametrize(
    "flags, code, said",
    [
        (["--off-policy", "--arm", "z"], 1, "none is left"),
        (["--off-policy", "--arm", "x:a"], 1, "of 0 impressions"),
        (["--off-policy", "--action", "fly"], 4, "fly"),
        (["--off-policy", "--since", "2001-01-01"], 1, "--since TIME"),
        (["--off-policy", "--match", "colour"], 2, "item"),
        (["--off-policy", "--cutoff", "1,2"], 2, "one length"),
        (["--clip", "3"], 2, "goes with --off-policy"),
    ],
)
def test_off_policy_refuses(logged_shop, flags, code, said):
    store, _ = logged_shop
    assert said in gx("eval", store, *flags, code=code).err


# ---- from snapshot to snapshot ----------------------------------------------------------------------------------------


def test_trend_of_sameness(tmp_path):
    """In the second half of the events everybody takes the same five items: lists of the next snapshot are more alike."""
    draw = random.Random(2)
    store = tmp_path / "trend.gx"
    gx("init", store)
    first = [(f"u{u}", f"i{draw.randrange(60)}", "buy", 1_700_000_000 + k) for u in range(120) for k in range(6)]
    header = ["user_id", "item_id", "action", "ts"]
    gx("import", store, write(tmp_path / "first.csv", first, header))
    gx("build", store, "--passes", "linear,popular")
    second = [(f"u{u}", f"new{i}", "buy", 1_700_100_000 + i) for u in range(120) for i in draw.sample(range(7), 5)]
    gx("import", store, write(tmp_path / "second.csv", second, header))
    gx("build", store, "--passes", "linear,popular")
    rows = gx("eval", store, "--trend", "--cutoff", "10", "--format", "json").json()["trend"]
    assert [(row["snapshot"], row["model"]) for row in rows] == [
        (number, model) for number in (1, 2) for model in ("popular", "linear")
    ]
    linear = [row for row in rows if row["model"] == "linear"]
    assert linear[1]["sameness"] > linear[0]["sameness"]
    assert linear[0]["change"] is None
    assert linear[1]["change"] == pytest.approx(linear[1]["sameness"] - linear[0]["sameness"])
    assert all(row["sameness"] == pytest.approx(1 - row["personalisation"]) for row in rows)
    # By hand: the popular lists of the first snapshot.
    had = {}
    for u, i, _, _ in first:
        had.setdefault(u, []).append(i)
    number = {}
    for _, i, _, _ in first:
        number.setdefault(i, len(number))
    count = {i: sum(items.count(i) for items in had.values()) for i in number}
    lists = [sorted((i for i in number if i not in items), key=lambda i: (-count[i], number[i]))[:10] for items in had.values()]
    overlap = [len(set(a) & set(b)) / 10 for k, a in enumerate(lists) for b in lists[k + 1 :]]
    assert rows[0]["sameness"] == pytest.approx(sum(overlap) / len(overlap), abs=0.02)  # scores fade with age
    only = gx("eval", store, "--trend", "--model", "linear", "--snapshots", "2", "--cutoff", "10", "--format", "csv").rows()
    assert len(only) == 1 and float(only[0]["sameness"]) == linear[1]["sameness"]
    assert "ials" in gx("eval", store, "--trend", "--model", "ials", code=4).err
    gx("build", store, "--passes", "ials,popular")  # a build that found another model better
    both = gx("eval", store, "--trend", "--model", "linear,ials", "--cutoff", "10", "--format", "json")
    assert [(row["snapshot"], row["model"]) for row in both.json()["trend"]] == [(1, "linear"), (2, "linear"), (3, "ials")]
    assert both.json()["without"] == [{"snapshot": 1, "model": "ials"}, {"snapshot": 2, "model": "ials"}, {"snapshot": 3, "model": "linear"}]
    assert "snapshot 3 was built without linear" in both.err
    assert gx("eval", store, "--trend", "--snapshots", "9", code=None).code != 0
    assert "goes with --trend" in gx("eval", store, "--snapshots", "1", code=2).err


def test_a_split_with_nothing_to_find_is_refused(built_shop):
    assert "nothing to look for" in gx("eval", built_shop, "--split", "actions:buy/dislike", "--model", "linear", code=None).err
    words = ["--model", "linear", "--split", "actions:view/buy", "--trials", "3", "--no-write"]
    assert "known for already" in gx("tune", built_shop, *words, code=None).err


def test_the_setting_channels_is_checked_and_taken_back(shop):
    def set_to(value, code=0):
        return gx("call", shop, "admin.config", json.dumps({"name": "channels", "value": value}), code=code)

    def weights_from():
        return gx("explain", shop, "u1", "sku-12", "--format", "json").json()["weights_from"]

    before = weights_from()
    for wrong in ({"foo": 1}, {"friends": -1}, {"friends": 0, "circle": 0, "leader": 0, "interest": 0}):
        assert "channels" in set_to(wrong, code=2).err and weights_from() == before == "learnt"
    set_to({"friends": 0.4})
    assert weights_from() == "configured"
    set_to({})
    assert weights_from() == "learnt"


def test_members_are_known_in_full_after_a_build(built_shop):
    """Also those who disliked something, whom a model of factors folds in."""
    rows = gx("recommend", built_shop, "--all", "-n", "1", "--format", "jsonl").out.splitlines()
    rungs = collections.Counter(json.loads(row)["rung"] for row in rows)
    assert rungs["full"] > 1900 and rungs["fold_in"] == 0
