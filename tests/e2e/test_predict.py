"""A past cascade beside what was to be expected of it, by what was known before it began."""

import statistics

import pytest
from conftest import gx

DAY = 86_400


def log(last_items):
    """a and b heed s, who shares 60 items, one every two days; a buys every other one via s. Then s shares x, and a buys it."""
    rows = []
    for k in range(60):
        at = 1_700_000_000 + 2 * k * DAY
        rows.append(f"s,i{k},share,{at},")
        if k % 2:
            rows.append(f"a,i{k},buy,{at + 3600},s")
    at = 1_700_000_000 + 140 * DAY
    rows += [f"s,x,share,{at},", f"a,x,buy,{at + 3600},s"]
    for k in range(last_items):  # later, everybody follows
        rows += [f"s,z{k},share,{at + DAY + k},", f"a,z{k},buy,{at + DAY + k + 60},s", f"b,z{k},buy,{at + DAY + k + 60},s"]
    return ["user_id,item_id,action,ts,via"] + rows


def store(folder, last_items):
    folder.mkdir()
    (folder / "ties.csv").write_text("src,dst,kind,directed\na,s,follow,1\nb,s,follow,1\n")
    (folder / "events.csv").write_text("\n".join(log(last_items)) + "\n")
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", folder / "ties.csv", folder / "events.csv")
    return folder / "s.gx"


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    return store(folder / "short", 0), store(folder / "long", 30)


def ask(path, *flags):
    return gx("cascade", path, "predict", *flags, "--format", "json").json()


def test_what_was_expected(predicted):
    told = ask(predicted[0], "--item", "x")
    assert (told["item"], told["members"], told["roots"], told["brought"]) == ("x", 2, 1, 1)
    assert 0.2 < told["predicted"]["mean"] < 0.9 and told["inside"] is True and told["short"] is None
    assert told["history_days"] == pytest.approx(140)
    assert [row["observed"] for row in told["generations"]][:2] == [1, 1] and told["generations"][0]["predicted"] == 1
    assert sum(row["predicted"] for row in told["generations"][1:]) == pytest.approx(told["predicted"]["mean"])
    assert "expected were" in gx("cascade", predicted[0], "predict", "--item", "x").err


def test_its_error_is_how_far_seeds_are_apart(predicted):
    """Chances are drawn 100 times, whatever the runs: with so many the draws alone tell the seeds apart."""
    told = [ask(predicted[0], "--item", "x", "--runs", 100_000, "--seed", seed)["predicted"] for seed in range(12)]
    apart = statistics.stdev(row["mean"] for row in told)
    assert statistics.mean(row["error"] for row in told) == pytest.approx(apart, rel=0.5)


def test_its_interval_is_that_of_a_simulation(predicted):
    """Quantiles at k / (runs + 1), in proportion between two runs: half-way between the only two."""
    told = [ask(predicted[0], "--item", "x", "--runs", 2, "--seed", seed)["predicted"] for seed in range(12)]
    assert all(row["median"] == row["mean"] for row in told) and any(row["low"] < row["high"] for row in told)


def test_what_came_afterwards_changes_nothing(predicted):
    until = 1_700_000_000_000 + 140 * DAY * 1000 + 3_600_001  # the log goes on so far in both: as much time to come
    assert ask(predicted[0], "--item", "x", "--until", until) == ask(predicted[1], "--item", "x", "--until", until)


def test_a_share_has_the_time_that_the_log_goes_on(predicted):
    hour, longer = (ask(path, "--item", "x")["predicted"]["mean"] for path in predicted)
    assert hour < longer


def test_a_campaign_has_time_until_it_ends(tmp_path):
    path = store(tmp_path / "ends", 0)
    at = 1_700_000_000 + 141 * DAY
    rows = [f"s,y,share,{at},,c", f"a,y,buy,{at + 3600},s,c", f"s,w,share,{at + 30 * DAY},,"]
    (tmp_path / "more.csv").write_text("\n".join(["user_id,item_id,action,ts,via,campaign"] + rows) + "\n")
    gx("import", path, tmp_path / "more.csv", "--kind", "events")
    over, goes_on = ask(path, "--by", "campaign", "--campaign", "c"), ask(path, "--item", "y")
    assert over["brought"] == goes_on["brought"] == 1
    assert over["predicted"]["mean"] < goes_on["predicted"]["mean"]


def test_who_came_without_a_tie_is_told_apart(tmp_path):
    path = store(tmp_path / "beyond", 0)
    (tmp_path / "more.csv").write_text(f"user_id,item_id,action,ts,via\nstranger,x,buy,{1_700_000_000 + 141 * DAY},s\n")
    gx("import", path, tmp_path / "more.csv", "--kind", "events")
    told = ask(path, "--item", "x")
    assert (told["members"], told["roots"], told["brought"], told["beyond"]) == (3, 2, 1, 1)


def test_who_had_it_before_cannot_come_again(tmp_path):
    path = store(tmp_path / "again", 0)
    at = 1_700_000_000 + 141 * DAY
    (tmp_path / "more.csv").write_text(f"user_id,item_id,action,ts,via\ns,i1,share,{at},\na,i1,buy,{at + DAY},s\n")
    gx("import", path, tmp_path / "more.csv", "--kind", "events")
    told = ask(path, "--item", "i1", "--since", at * 1000)
    assert (told["members"], told["brought"], told["beyond"]) == (2, 0, 1)
    assert told["predicted"]["mean"] < 0.2  # b alone could, who never did


def test_a_short_log_is_a_guess(predicted):
    told = ask(predicted[0], "--item", "i1")
    assert "too short to learn from" in told["short"] and told["predicted"]["mean"] > 0
    assert told["predicted"]["low"] is None and told["predicted"]["high"] is None and told["inside"] is None
    since = told["short"].split("(--since) ")[1].split()[0]
    assert since.startswith("2023-11-28")  # 14 days after the log began
    assert "of one campaign" not in gx("cascade", predicted[0], "predict", "--item", "i1").err


def test_from_the_time_that_is_told_on_it_is_none(tmp_path):
    path = store(tmp_path / "since", 0)
    at = 1_700_000_000 + 139 * DAY
    (tmp_path / "more.csv").write_text(f"user_id,item_id,action,ts,via\ns,i1,share,{at},\n")
    gx("import", path, tmp_path / "more.csv", "--kind", "events")
    since = ask(path, "--item", "i1")["short"].split("(--since) ")[1].split()[0]
    told = ask(path, "--item", "i1", "--since", since)
    assert told["short"] is None and told["predicted"]["low"] <= told["predicted"]["high"] and told["inside"] in (True, False)


def test_a_log_without_shares_is_a_guess(tmp_path):
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\na,s,follow,1\n")
    rows = [f"a,i{k},view,{1_700_000_000 + k * DAY}," for k in range(30)] + [f"s,x,share,{1_700_000_000 + 40 * DAY},", f"a,x,buy,{1_700_000_000 + 41 * DAY},s"]
    (tmp_path / "events.csv").write_text("\n".join(["user_id,item_id,action,ts,via"] + rows) + "\n")
    gx("init", tmp_path / "s.gx")
    gx("import", tmp_path / "s.gx", tmp_path / "ties.csv", tmp_path / "events.csv")
    told = ask(tmp_path / "s.gx", "--item", "x")
    assert "no share" in told["short"] and told["predicted"]["low"] is None and told["inside"] is None


def test_what_is_refused(predicted):
    assert "item" in gx("cascade", predicted[0], "predict", code=2).err
    assert "'nothing'" in gx("cascade", predicted[0], "predict", "--item", "nothing", code=4).err
    gx("cascade", predicted[0], "predict", "--by", "invite", "--item", "x", code=2)
    assert "predict" in gx("cascade", predicted[0], "--runs", 5, code=2).err


def test_who_had_left_by_then_is_not_brought(predicted, tmp_path):
    before = ask(predicted[0], "--item", "x")["predicted"]["mean"]
    path = store(tmp_path / "left", 0)
    at = 1_700_000_000 + 140 * DAY

    def after(*columns):
        (tmp_path / "gone.csv").write_text("user_id,status,left_at\n" + ",".join(columns) + "\n")
        gx("import", path, tmp_path / "gone.csv", "--kind", "users")
        return ask(path, "--item", "x")["predicted"]["mean"]

    assert after("b", "left", str(at + DAY)) == before  # was there
    gone = after("b", "left", str(at - DAY))
    assert 0 < gone < before
    dateless = store(tmp_path / "dateless", 0)
    (tmp_path / "gone.csv").write_text("user_id,status\nb,left\na,left\n")
    gx("import", dateless, tmp_path / "gone.csv", "--kind", "users")
    assert ask(dateless, "--item", "x")["predicted"]["mean"] == gone  # b did nothing since, a did


def test_nobody_known_to_heed_them_is_none_at_all(tmp_path):
    path = store(tmp_path / "noties", 0)
    rows = [f"{user},y,buy,{1_700_000_000 + 130 * DAY + k}," for k, user in enumerate("pqr")]
    (tmp_path / "more.csv").write_text("\n".join(["user_id,item_id,action,ts,via"] + rows) + "\n")
    gx("import", path, tmp_path / "more.csv", "--kind", "events")
    told = ask(path, "--item", "y", "--runs", 997)
    assert (told["predicted"]["mean"], told["predicted"]["error"]) == (0, 0) and told["ratio"] is None
    assert told["began"] == 1_700_000_000_000 + 130 * DAY * 1000
    assert "2024-03-23T22:13:20" in gx("cascade", path, "predict", "--item", "y").out


def test_campaigns_end_within_the_interval_after_weeks_of_history(tmp_path):
    """The winter campaigns of two sample shops, from 16, 30 and 45 days after the log began. Before chances were as
    unsure as a short log leaves them, and learnt of its last days too, 54 of 68 ended within the interval of .9."""
    began, told = 1_761_955_200, []
    for seed in (11, 14):
        files, path = tmp_path / f"files{seed}", tmp_path / f"{seed}.gx"
        gx("demo", files, "--users", 1000, "--seed", seed)
        gx("init", path)
        gx("import", path, *sorted(files.glob("*.csv")))
        names = [row["campaign"] for row in gx("cascade", path, "--by", "campaign", "-n", 100, "--format", "json").json()["cascades"]]
        for name in names:
            for days in (16, 30, 45) if name.endswith("-winter") else ():
                done = gx("cascade", path, "predict", "--by", "campaign", "--campaign", name, "--since", (began + days * DAY) * 1000, "--format", "json", code=None)
                told += [done.json()] if done.code == 0 else []  # else it was over by then
    assert len(told) >= 60 and all(row["short"] is None for row in told)
    assert sum(row["inside"] for row in told) >= 0.87 * len(told)
    width = sorted(row["predicted"]["high"] - row["predicted"]["low"] for row in told)
    assert width[len(width) // 2] < 25
    assert sum(row["predicted"]["mean"] for row in told) == pytest.approx(sum(row["brought"] for row in told), rel=0.3)
