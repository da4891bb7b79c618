"""guanxi exp: who is in which arm, what a report tells, and what it doubts."""

import csv
import math
import random

import pytest
from conftest import gx

USERS = 4000


def write(path, rows, header):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """4,000 members, an experiment of two arms and a holdout; one in five of arm b buys, one in ten of the others."""
    folder = tmp_path_factory.mktemp("exp")
    store = folder / "exp.gx"
    gx("init", store)
    gx("import", store, write(folder / "users.csv", [(f"u{u}",) for u in range(USERS)], ["user_id"]))
    gx("exp", store, "define", "price", "--arms", "a,b:3", "--holdout", "0.2", "--start", "2026-01-01")
    arms = {row["user"]: row["arm"] for row in gx("exp", store, "assign", "price", "--format", "json").json()["assignments"]}
    draw = random.Random(4)
    events = []
    for user, arm in arms.items():
        events.append((user, "i0", "buy", "2025-12-31", 5))  # before it began
        events.append((user, "i0", "view", "2026-01-03", ""))
        if draw.random() < (0.2 if arm == "b" else 0.1):
            events += [(user, f"i{k}", "buy", "2026-01-02", 10 + k) for k in range(draw.choice([1, 1, 2]))]
    gx("import", store, write(folder / "events.csv", events, ["user_id", "item_id", "action", "ts", "amount"]))
    return store, arms, events


def report(store, *flags, name="price"):
    return gx("exp", store, "report", name, *flags, "--format", "json").json()


def test_arms_have_their_shares_and_stay(trial):
    store, arms, _ = trial
    assert len(arms) == USERS and set(arms.values()) == {"a", "b", "holdout"}
    for arm, share in (("a", 0.2), ("b", 0.6), ("holdout", 0.2)):
        got = sum(1 for value in arms.values() if value == arm)
        assert abs(got - share * USERS) < 4 * math.sqrt(USERS * share * (1 - share)), arm
    some = gx("exp", store, "assign", "price", "u17", "u3999", "never seen", "--format", "json").json()["assignments"]
    assert [row["user"] for row in some] == ["u17", "u3999", "never seen"]
    assert [row["arm"] for row in some[:2]] == [arms["u17"], arms["u3999"]] and some[2]["arm"]


def test_salts_are_independent(trial):
    store, arms, _ = trial
    gx("exp", store, "define", "other", "--arms", "x,y")
    gx("exp", store, "define", "same", "--arms", "x,y", "--salt", "other")
    of = {
        name: {row["user"]: row["arm"] for row in gx("exp", store, "assign", name, "--format", "json").json()["assignments"]}
        for name in ("other", "same")
    }
    assert of["other"] == of["same"]
    both = [arms[user] for user, arm in of["other"].items() if arm == "x"]
    share = both.count("b") / len(both)
    assert abs(share - 0.6) < 4 * math.sqrt(0.24 / len(both))
    for name in ("other", "same"):
        assert gx("exp", store, "remove", name, "--format", "json").json()["state"] == "removed"
    assert [e["experiment"] for e in gx("exp", store, "--format", "json").json()["experiments"]] == ["price"]


def test_report_by_hand(trial):
    store, arms, events = trial
    got = report(store)
    assert got["among"] == "all" and got["sample_ratio"]["good"] and got["sample_ratio"]["p"] > 0.001
    rows = {row["arm"]: row for row in got["arms"]}
    bought = {}
    for user, _, action, ts, amount in events:
        if action == "buy" and ts >= "2026-01-01":
            bought.setdefault(user, []).append(amount)
    sums = {}
    for arm, row in rows.items():
        members = [user for user, of in arms.items() if of == arm]
        x = [len(bought.get(user, ())) > 0 for user in members]
        n = len(x)
        assert row["members"] == n and row["share"] == pytest.approx(n / USERS)
        assert row["converted"] == pytest.approx(sum(x) / n)
        assert row["converted_low"] < row["converted"] < row["converted_high"]
        assert row["events"] == pytest.approx(sum(len(bought.get(user, ())) for user in members) / n)
        assert row["amount"] == pytest.approx(sum(sum(bought.get(user, ())) for user in members) / n)
        sums[arm] = (n, sum(x) / n)
    test = next(t for t in got["tests"] if t["arm"] == "b" and t["figure"] == "converted")
    (n, p), (m, q) = sums["b"], sums["a"]
    error = math.sqrt(p * (1 - p) / (n - 1) + q * (1 - q) / (m - 1))
    assert test["difference"] == pytest.approx(p - q) and test["lift"] == pytest.approx(p / q - 1)
    assert test["difference_high"] - test["difference"] == pytest.approx(1.96 * error, rel=0.05)
    assert test["by"] == "welch"
    assert test["p"] == pytest.approx(math.erfc(abs(p - q) / error / math.sqrt(2)), rel=0.2)
    assert test["better"] == "b" and got["verdicts"][0].startswith("b is better than a")
    held = next(t for t in got["tests"] if t["arm"] == "holdout" and t["figure"] == "converted")
    told = held["p_all"] <= 0.05
    assert (held["better"] is not None) == told and 0 < test["p_all"] < 1e-9
    assert got["verdicts"][1].startswith("the data cannot tell holdout from a") != told
    table = gx("exp", store, "report", "price").out
    assert "arms:" in table and "tests:" in table and "b is better than a" in table
    assert len(gx("exp", store, "report", "price", "--show", "tests", "--format", "csv").rows()) == 6
    assert len(gx("exp", store, "report", "price", "--format", "csv").rows()) == 3


def test_windows_and_actions(trial):
    store, _, _ = trial
    early = report(store, "--until", "2026-01-02")
    assert all(row["converted"] == 0 for row in early["arms"])
    assert early["verdicts"][0].startswith("the data cannot tell b from a")
    for test in early["tests"]:  # nobody did anything: Fisher's p of a share is 1, of a mean there is none
        share = test["figure"] == "converted"
        assert (test["by"], test["p"], test["better"]) == (("fisher", 1, None) if share else ("too few", None, None))
        assert not share or test["difference_low"] < 0 < test["difference_high"]
    viewed = report(store, "--action", "view")
    assert all(row["converted"] == 1 for row in viewed["arms"])
    done = gx("exp", store, "report", "price", "--until", "2025-01-01", code=2)
    assert "is not after since (" in done.err


def test_times_are_told_as_times(trial):
    store, _, _ = trial
    rows = {row["experiment"]: row for row in gx("exp", store, "list", "--format", "csv").rows()}
    assert rows["price"]["start"] == "2026-01-01T00:00:00Z" and rows["price"]["created"].endswith("Z")
    listed = gx("exp", store, "list", "--format", "json").json()["experiments"]
    assert {e["start"] for e in listed if e["experiment"] == "price"} == {1767225600000}


def test_small_arms_are_not_told_apart(tmp_path):
    """All five of one arm and ten of the fourteen of the other: chance does as well (Fisher: p .53)."""
    store = tmp_path / "small.gx"
    users = [f"u{k}" for k in range(400)]
    gx("import", store, write(tmp_path / "users.csv", [(user,) for user in users], ["user_id"]), "--create")
    gx("exp", store, "define", "small", "--arms", "a,b", "--start", "2026-01-01")
    arm = {}
    for row in gx("exp", store, "assign", "small", "--format", "json").json()["assignments"]:
        arm.setdefault(row["arm"], []).append(row["user"])
    seen = arm["b"][:5] + arm["a"][:14]
    bought = arm["b"][:5] + arm["a"][:10]
    shown = [(f"r{user}", user, "i0", 0, "2026-01-02", f"small:{'b' if user in arm['b'] else 'a'}") for user in seen]
    header = ["request_id", "user_id", "item_id", "pos", "ts", "arm"]
    gx("import", store, write(tmp_path / "impressions.csv", shown, header))
    events = [(user, "i0", "buy", "2026-01-03") for user in bought]
    gx("import", store, write(tmp_path / "events.csv", events, ["user_id", "item_id", "action", "ts"]))
    got = report(store, name="small")
    (share, events) = got["tests"]
    assert share["by"] == "fisher" and share["p"] == pytest.approx(0.53044, abs=1e-5) and share["better"] is None
    assert share["difference_low"] < 0 < share["difference_high"]
    assert events["by"] == "too few" and events["p"] is None and events["better"] is None
    assert got["verdicts"][-1].startswith("the data cannot tell b from a")


def test_exposed_members_and_a_broken_ratio(trial, tmp_path):
    """Only members of arm b are logged, but for a few, and some see an arm that is not theirs."""
    store, arms, _ = trial
    shown = [
        (f"r{user}", user, "i0", 0, "2026-01-01T12:00:00Z", f"price:{arm}")
        for k, (user, arm) in enumerate(arms.items())
        if arm == "b" or (arm == "a" and k % 2)
    ]
    crossed = next(user for user, arm in arms.items() if arm == "a")
    shown.append(("odd", crossed, "i0", 0, "2026-01-01T13:00:00Z", "price:b"))
    shown.append(("not ours", crossed, "i0", 0, "2026-01-01T13:00:00Z", "else:b"))
    header = ["request_id", "user_id", "item_id", "pos", "ts", "arm"]
    gx("import", store, write(tmp_path / "impressions.csv", shown, header))
    got = report(store)
    assert got["among"] == "exposed" and got["crossed"] == 1
    rows = {row["arm"]: row for row in got["arms"]}
    assert set(rows) == {"a", "b"} and rows["b"]["members"] == sum(arm == "b" for arm in arms.values())
    assert not got["sample_ratio"]["good"] and got["verdicts"][0].startswith("do not trust")
    assert any("1 impression shows a member an arm that is not theirs" in text for text in got["verdicts"])
    assert report(store, "--among", "all")["sample_ratio"]["good"]


def test_what_was_taken_back_does_not_count(tmp_path):
    """Each member tells one story; the report is compared with what stands of it."""
    stories = [  # (events of action, item, amount), purchases that stand, their amounts
        ([("buy", "i0", 10), ("return", "i0", "")], 0, 0),
        ([("buy", "i0", 10), ("cancel", "i0", "")], 0, 0),
        ([("buy", "i0", 10), ("buy", "i0", 12), ("refund", "i0", "")], 1, 10),
        ([("return", "i0", ""), ("buy", "i0", 10)], 1, 10),
        ([("buy", "i0", 10), ("order", "i0", 3), ("return", "i0", ""), ("return", "i0", "")], 0, 0),
        ([("buy", "i0", 10), ("return", "i1", "")], 1, 10),
        ([("buy", "i0", 10), ("complain", "i0", "")], 1, 10),
        ([("buy", "i0", 10), ("buy", "i1", 5), ("return", "i1", "")], 1, 10),
        ([("buy", "i2", 7), ("return", "i0", "")], 1, 7),
        ([("view", "i0", "")], 0, 0),
    ]
    store = tmp_path / "back.gx"
    gx("init", store)
    rows = [
        (f"u{u}", item, action, f"2026-01-02T00:00:{k:02d}Z", amount)
        for u in range(10 * len(stories))
        for k, (action, item, amount) in enumerate(stories[u % len(stories)][0])
    ]
    gx("import", store, write(tmp_path / "events.csv", rows, ["user_id", "item_id", "action", "ts", "amount"]))
    gx("exp", store, "define", "x", "--arms", "a,b", "--start", "2026-01-01")
    arms = {row["user"]: row["arm"] for row in gx("exp", store, "assign", "x", "--format", "json").json()["assignments"]}

    def told(*flags):
        return {row["arm"]: row for row in gx("exp", store, "report", "x", *flags, "--format", "json").json()["arms"]}

    def stand(arm):
        return [stories[int(user[1:]) % len(stories)][1:] for user, of in arms.items() if of == arm]

    for arm, row in told().items():
        of = stand(arm)
        assert row["converted"] == pytest.approx(sum(count > 0 for count, _ in of) / len(of))
        assert row["events"] == pytest.approx(sum(count for count, _ in of) / len(of))
        assert row["amount"] == pytest.approx(sum(amount for _, amount in of) / len(of))
    # Before anything was taken back, everything stands; a return asked for by name is what counts.
    first = told("--until", "2026-01-02T00:00:01Z")
    every = {arm: [stories[int(u[1:]) % len(stories)][0] for u, of in arms.items() if of == arm] for arm in first}
    for arm, row in first.items():
        assert row["converted"] == pytest.approx(sum(s[0][0] == "buy" for s in every[arm]) / len(every[arm]))
    for arm, row in told("--action", "return").items():
        assert row["converted"] == pytest.approx(sum(any(a == "return" for a, *_ in s) for s in every[arm]) / len(every[arm]))


def test_definitions_are_kept_unless_it_is_meant(trial):
    store, _, _ = trial
    done = gx("exp", store, "define", "price", "--arms", "a,b", code=1)
    assert "moves members between arms" in done.err
    gx("exp", store, "define", "price", "--end", "2030-01-01", "--note", "prices of the spring")
    (kept,) = gx("exp", store, "list", "--format", "json").json()["experiments"]
    assert [(arm["arm"], arm["weight"]) for arm in kept["arms"]] == [("a", 1), ("b", 3)]
    assert kept["note"] == "prices of the spring" and kept["end"] == 1893456000000
    # Either order of words.
    assert gx("exp", "list", store, "--format", "json").json()["experiments"] == [kept]
    gx("check", store)


def test_an_action_that_no_event_has_yet(trial):
    """An experiment is defined before its feature is there: define tells it, and a report counts 0."""
    store, _, _ = trial
    told = "no event in this store has the action 'fly' yet"
    assert told in gx("exp", store, "define", "early", "--action", "fly", "--start", "2026-01-01").err
    got = report(store, "--among", "all", name="early")
    assert all(row["converted"] == row["events"] == 0 for row in got["arms"]) and any(told in text for text in got["verdicts"])
    gx("exp", store, "define", "early", "--action", "fly,view")
    got = report(store, "--among", "all", name="early")
    assert all(row["converted"] == 1 for row in got["arms"]) and any(told in text for text in got["verdicts"])
    gx("exp", store, "define", "early", "--action", "view")
    assert not any(told in text for text in report(store, "--among", "all", name="early")["verdicts"])
    gx("exp", store, "remove", "early")


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["define", "x", "--arms", "one"], 2, "2 to 16"),
        (["define", "x", "--arms", "a,a"], 2, "'a' was given"),
        (["define", "x", "--arms", "a:0,b"], 2, "'a:0' was given"),
        (["define", "x", "--arms", "a:much,b"], 2, "'a:much' was given"),
        (["define", "x", "--arms", "a,holdout"], 2, "'holdout' was given"),
        (["define", "x:y"], 2, "without a colon"),
        (["define", "x" * 191], 2, "1 to 190 bytes"),  # with an arm it has to fit the log
        (["define", "x", "--start", "2026-02-01", "--end", "2026-01-01"], 2, "end (2026-01-01T00:00:00Z) is not after start (2026-02-01T00:00:00Z)"),
        (["define", "x", "--holdout", "1"], 2, "holdout"),
        (["define"], 2, "needs the experiment's name"),
        (["assign", "price", "u1", ""], 2, "users"),
        (["assign", "nothing"], 4, "there is no experiment 'nothing'; there are price"),
        (["report", "nothing"], 4, "there are price"),
        (["remove", "nothing"], 4, "there are price"),
        (["report", "price", "--arms", "a,b"], 2, "takes no arms"),
        (["report", "price", "--action", "fly"], 4, "fly"),
    ],
)
def test_refusals(trial, words, code, said):
    store, _, _ = trial
    assert said in gx("exp", store, *words, code=code).err


def test_over_the_socket(trial, serve, tmp_path):
    import shutil

    store, arms, _ = trial
    copy = tmp_path / "copy.gx"
    shutil.copytree(store, copy)
    connection = serve(copy).connect()
    made = connection.call("exp.define", {"name": "lists", "arms": {"control": 1, "linear": 1}})
    assert made["state"] == "defined" and [arm["arm"] for arm in made["arms"]] == ["control", "linear"]
    got = connection.call("exp.assign", {"name": "price", "users": ["u1", "u2"]})
    assert [row["arm"] for row in got["assignments"]] == [arms["u1"], arms["u2"]] and got["state"] == "running"
    told = connection.call("exp.report", {"name": "lists", "among": "all"})
    assert [row["arm"] for row in told["arms"]] == ["control", "linear"]
    assert {e["experiment"] for e in connection.call("exp.report")["experiments"]} == {"price", "lists"}
    connection.close()
