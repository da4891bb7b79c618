"""Simulation: against spreads that can be reckoned by hand, plans in common random numbers, and the sample shop."""

import csv
import datetime
import statistics

import pytest
from conftest import gx


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """b heeds a, c heeds b, d heeds c; e stands alone."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "ties.csv").write_text("src,dst,kind,directed\nb,a,follow,1\nc,b,follow,1\nd,c,follow,1\n", encoding="utf-8")
    (folder / "users.csv").write_text("user_id,region\na,north\nb,north\nc,south\nd,south\ne,south\n", encoding="utf-8")
    gx("init", folder / "c.gx")
    gx("import", folder / "c.gx", folder / "users.csv", folder / "ties.csv")
    return folder / "c.gx"


def simulate(store, *args):
    return gx("simulate", store, *args, "--format", "json").json()


def test_reach_of_a_chain(chain):
    told = simulate(chain, "a", "--chances", "constant", "--p", "0.5", "--runs", "20000")
    reach = told["reach"]
    assert abs(reach["mean"] - 1.875) < 5 * reach["error"]
    low, high = reach["interval"]
    assert 1 < low < reach["mean"] < high < 4 and high - low == pytest.approx(2 * 1.96 * reach["error"], rel=0.01)
    assert (reach["low"], reach["high"]) == (1, 4) and reach["median"] in (1, 1.5, 2)
    assert reach["k"] == pytest.approx(0.5, abs=0.02) and reach["k_all"] == pytest.approx(0.875 / 1.875, abs=0.01)
    assert [row["members"] for row in told["steps"]] == pytest.approx([1, 0.5, 0.25, 0.125], abs=0.02)
    assert [row["growth"] for row in told["steps"][1:]] == pytest.approx([0.5] * 3, abs=0.05)


def test_an_interval_goes_neither_below_the_seeds_nor_above_everybody(chain, built_shop):
    """Of few runs, where mean - 1.96 errors would."""
    below = 0
    for seed in range(1, 31):
        told = simulate(chain, "a", "--chances", "constant", "--p", "0.1", "--runs", "20", "--seed", seed)["reach"]
        low, high = told["interval"]
        below += told["mean"] - 1.96 * told["error"] < 1
        assert 1 <= low <= told["mean"] <= high <= 5 and (low > 1 or told["error"] == 0)
    assert below > 5
    told = simulate(chain, "a", "--against", "c", "--chances", "constant", "--p", "0.9", "--runs", "2")
    assert told["difference"]["interval"][0] <= told["difference"]["mean"] <= told["difference"]["interval"][1]
    weights = simulate(built_shop, "u1", "--audience", 'user_id = "u1" or user_id = "u2"', "--chances", "constant", "--p", "0.5", "--runs", "5")
    assert 1 <= weights["reach"]["interval"][0] <= weights["reach"]["interval"][1] <= 2
    chosen = gx("seeds", chain, "-k", 2, "--chances", "constant", "--p", "0.1", "--runs", "20", "--sets", "100", "--format", "json").json()
    assert chosen["interval"][0] >= 2 and chosen["simulated"]["interval"][0] >= 2


def test_seeds_that_reach_nobody_else_are_told_as_just_themselves(built_shop):
    """Sets tell what is reached beyond the seeds; that these are reached is known."""
    for seed in (3, 10, 11):
        told = gx("seeds", built_shop, "-k", 5, "--since", "2035-01-01", "--seed", seed, "--format", "json").json()
        assert told["spread"] == 5 and [row["gain"] for row in told["seeds"]] == pytest.approx([1] * 5)
        low, high = told["interval"]
        assert low == 5 < high < 5.1 and 5 <= told["bound"]["lower"] <= told["bound"]["upper"]
    held = 0
    for seed in range(1, 9):
        told = gx("seeds", built_shop, "-k", 50, "--chances", "constant", "--p", 0.0005, "--eps", 0.1, "--seed", seed, "--format", "json").json()
        low, high = told["interval"]
        assert 50 <= low <= told["spread"] <= high < 55
        assert told["spread"] == pytest.approx(sum(row["gain"] for row in told["seeds"]))
        held += low <= told["simulated"]["mean"] <= high
    assert held >= 6


def test_all_heed_whom_they_heed_alone(chain):
    told = simulate(chain, "a", "e", "--by", "region", "--delay", "2", "--days", "3")
    assert told["reach"]["mean"] == pytest.approx(5) and told["reach"]["error"] == pytest.approx(0)
    circles = {row["circle"]: (row["members"], row["seeds"], row["reached"]) for row in told["circles"]}
    assert circles == {"north": (2, 1, pytest.approx(2)), "south": (3, 1, pytest.approx(3))}
    assert [row["day"] for row in told["days"]] == [1, 2, 3, "later"]
    assert told["days"][-1]["reached"] == pytest.approx(5)
    assert told["days"][0]["members"] > 2 > told["days"][2]["members"]


def test_a_raise_raises(chain):
    """1 − (1 − .5)² = .75"""
    told = simulate(chain, "a", "--chances", "constant", "--p", "0.5", "--raise", "2", "--runs", "20000")
    assert abs(told["reach"]["mean"] - (1 + 0.75 + 0.75**2 + 0.75**3)) < 5 * told["reach"]["error"]


def test_no_raise_passes_nothing_on(chain):
    """1 − (1 − p)⁰ = 0, also of ties that are certain."""
    for flags in ((), ("--chances", "constant", "--p", "1"), ("--model", "threshold")):
        assert simulate(chain, "a", *flags)["reach"]["mean"] == pytest.approx(4)
        assert simulate(chain, "a", *flags, "--raise", "0")["reach"]["mean"] == pytest.approx(1)
        assert simulate(chain, "a", *flags, "--against-raise", "0")["difference"]["mean"] == pytest.approx(3)


def test_a_raise_of_full_thresholds_is_refused(chain, built_shop):
    for chances in ("weighted", "strength"):
        flags = ("--model", "threshold", "--chances", chances)
        for verb, raised in (("simulate", "--raise"), ("simulate", "--against-raise"), ("seeds", "--raise")):
            whom = ("u1",) if verb == "simulate" else ("-k", "3")
            refused = gx(verb, built_shop, *whom, *flags, raised, "2", code=2).err
            assert "come to 1" in refused and chances in refused and "accepted is" in refused
        gx("simulate", built_shop, "u1", *flags, "--raise", "1", "--against-raise", "0.5")
    told = simulate(chain, "a", "--model", "threshold", "--chances", "constant", "--p", "0.5", "--raise", "2", "--runs", "20000")
    assert abs(told["reach"]["mean"] - (1 + 0.75 + 0.75**2 + 0.75**3)) < 5 * told["reach"]["error"]


def test_two_plans_meet_the_same_worlds(built_shop):
    flags = ("--chances", "constant", "--p", "0.05", "--runs", "400")
    same = simulate(built_shop, "u1", "u2", "--against", "u2,u1", *flags)
    assert same["difference"]["mean"] == 0 and same["difference"]["error"] == 0
    more = simulate(built_shop, "u1", "u2", "u3", "--against", "u1,u2", *flags)
    assert more["difference"]["less_in"] == 0 and more["difference"]["low"] >= 0
    apart = [simulate(built_shop, *seeds, *flags)["reach"] for seeds in (("u1", "u2", "u3"), ("u1", "u2"))]
    assert more["difference"]["mean"] == pytest.approx(apart[0]["mean"] - apart[1]["mean"])
    assert more["difference"]["error"] < 0.5 * (apart[0]["error"] ** 2 + apart[1]["error"] ** 2) ** 0.5
    coupon = simulate(built_shop, "u1", "--against-raise", "2", *flags)
    assert coupon["difference"]["mean"] < 0 and coupon["against"]["raise"] == 2


def test_parts_sum_to_the_whole(built_shop):
    told = simulate(built_shop, "u1", "u2", "u5", "--delay", "learned", "--days", "60")
    mean = told["reach"]["mean"]
    for parts in (told["steps"], told["days"]):
        assert sum(row["members"] for row in parts) == pytest.approx(mean)
        assert parts[-1]["reached"] == pytest.approx(mean)
    assert sum(row["reached"] for row in told["circles"]) == pytest.approx(mean)
    assert told["delays_seen"] > 1000 and told["delay_days"] > 0
    for threads in (1, 2):
        again = simulate(built_shop, "u1", "u2", "u5", "--delay", "learned", "--days", "60", "--threads", threads)
        assert again == told


def delays_of(files, since="", until="9"):
    """Days from the latest share of whom a purchase names to the purchase, 14 at the most."""
    with open(files / "events.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    days = [datetime.datetime.fromisoformat(row["ts"]).timestamp() / 86400 for row in rows]
    shares, found = {}, []
    for row, day in zip(rows, days, strict=True):
        if row["action"] == "share":
            shares.setdefault((row["user_id"], row["item_id"]), []).append(day)
    for row, day in zip(rows, days, strict=True):
        before = [at for at in shares.get((row["via"], row["item_id"]), []) if at <= day]
        if row["action"] == "buy" and since <= row["ts"] < until and before and day - max(before) <= 14:
            found.append(day - max(before))
    return found


def test_the_delay_is_from_the_share_that_it_came_by(built_shop, shop_files, tmp_path):
    """Members share a thing again for months; what was learnt with the chances goes with them."""
    flags = ("u1", "--delay", "learned", "--runs", "10")
    for since, until in (("", "9"), ("2026-03-01", "9"), ("2026-03-01", "2026-06-01")):
        time = [*(["--since", since] if since else []), *(["--until", until] if until != "9" else [])]
        told, days = simulate(built_shop, *flags, *time), delays_of(shop_files, since, until)
        assert told["delay_from"] == "log" and told["delays_seen"] == len(days) > 500
        assert told["delay_days"] == pytest.approx(statistics.mean(days)), time
        assert told["delay_days"] < 3
    gx("backup", built_shop, tmp_path / "copy.gx")
    gx("run", tmp_path / "copy.gx", "influence", "--write", "influence")
    told = simulate(tmp_path / "copy.gx", *flags, "--chances", "learned")
    fit = gx("run", tmp_path / "copy.gx", "influence", "--format", "json").json()
    acts, days = next(row["head"][1:3] for row in fit["arrays"] if row["name"] == "influence.fit")
    assert told["delay_from"] == "influence" and told["delay_days"] == pytest.approx(days) and told["delays_seen"] == round(acts)
    assert simulate(tmp_path / "copy.gx", *flags)["delay_from"] == "influence"
    assert simulate(tmp_path / "copy.gx", *flags, "--chances", "weighted")["delay_from"] == "log"
    assert simulate(built_shop, "u1", "--delay", "2", "--runs", "10")["delay_from"] is None


@pytest.mark.parametrize("model", ["cascade", "threshold"])
@pytest.mark.parametrize("chances", ["weighted", "strength"])
def test_the_interval_of_one_campaign_holds_one_campaign(built_shop, model, chances):
    """Runs of other seeds of the random numbers fall into it as often as it says."""
    flags = ("u1", "u2", "u5", "--model", model, "--chances", chances, "--within", "0.8")
    reach = simulate(built_shop, *flags, "--runs", "2000")["reach"]
    others = [simulate(built_shop, *flags, "--runs", "2", "--seed", 1000 + i)["reach"] for i in range(60)]
    ends = [end for other in others for end in (2 * other["mean"] - other["median"], other["median"])]
    assert ends and 0.65 <= statistics.mean(reach["low"] <= end <= reach["high"] for end in ends) <= 0.97


def test_only_an_audience_counts(built_shop):
    all_of_them = simulate(built_shop, "u1", "u2")["reach"]
    some = simulate(built_shop, "u1", "u2", "--audience", "c-1")
    assert 0 < some["reach"]["mean"] < all_of_them["mean"]
    assert some["reach"]["per_seed"] == all_of_them["per_seed"]  # that counts members


def test_words_tell_the_interval_and_out_of_whom(built_shop):
    few = ["u1", "u2", "--runs", 2]
    told, said = simulate(built_shop, *few), gx("simulate", built_shop, *few, "--format", "csv").err
    low, high = told["reach"]["interval"]
    assert f"reaches {told['reach']['mean']:.1f} of {told['members']} members on average ({low:.1f} to {high:.1f} with 95%)" in said and "±" not in said
    assert told["worth"] == told["members"]
    some = simulate(built_shop, *few, "--audience", "c-1")
    assert some["reach"]["mean"] <= some["worth"] < told["members"]
    assert f" of {some['worth']:.0f} members of the audience" in gx("simulate", built_shop, *few, "--audience", "c-1", "--format", "csv").err


def test_worth_out_of_a_file(chain, tmp_path):
    """All of a, b, c and d are reached: 2 + 3, the others are worth nothing."""
    (tmp_path / "worth.csv").write_text("user_id,worth\nb,2\nd,3\n", encoding="utf-8")
    told = simulate(chain, "a", "--weight", tmp_path / "worth.csv")
    assert told["reach"]["mean"] == pytest.approx(5) and told["worth"] == pytest.approx(5)
    assert "none.csv" in gx("simulate", chain, "a", "--weight", tmp_path / "none.csv", code=4).err


def test_seeds_out_of_files(built_shop, tmp_path):
    (tmp_path / "plain.txt").write_text("# the first\nu1\nu2\n\n", encoding="utf-8")
    (tmp_path / "seeds.csv").write_text("rank,user_id,gain\n1,u1,10\n2,u2,5\n", encoding="utf-8")
    (tmp_path / "seeds.jsonl").write_text('{"gain": 1, "user": "u1"}\n{"user": "u2"}\n', encoding="utf-8")
    told = [simulate(built_shop, *seeds) for seeds in (("u1", "u2"), (tmp_path / "plain.txt",), (tmp_path / "seeds.csv",), (tmp_path / "seeds.jsonl",))]
    assert all(one == told[0] for one in told)
    like = [gx("audience", built_shop, *whom, "-n", 20, "--format", "json").json() for whom in (("u1", "u2"), (tmp_path / "seeds.csv",))]
    assert like[0] == like[1] and len(like[0]["users"]) == 20
    fit = [gx("audience", built_shop, "--fit", *whom, "-n", 20, "--format", "json").json() for whom in (("u1", "u2"), (tmp_path / "seeds.csv",))]
    assert fit[0] == fit[1]
    rows = gx("simulate", built_shop, tmp_path / "seeds.csv", "--against", tmp_path / "plain.txt", "--format", "csv").rows()
    assert [row["plan"] for row in rows] == ["plan", "against", "difference"]
    assert float(rows[2]["mean"]) == 0


def test_what_seeds_prints_is_what_simulate_reads(built_shop, tmp_path):
    out = tmp_path / "seeds.csv"
    gx("seeds", built_shop, "-k", "5", "--format", "csv", "-o", out)
    with open(out, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = simulate(built_shop, out, "--runs", "4000")
    assert told["reach"]["seeds"] == 5
    assert told["reach"]["mean"] == pytest.approx(float(rows[-1]["cumulative"]), rel=0.05)


def test_clear_errors(built_shop, chain, tmp_path):
    assert "accepted is a number of days" in gx("simulate", built_shop, "u1", "--delay", "soon", code=2).err
    assert "--delay" in gx("simulate", built_shop, "u1", "--show", "days", code=2).err
    assert "nobody-here" in gx("simulate", built_shop, "nobody-here", code=4).err
    assert "accepted is a chance" in gx("simulate", built_shop, "u1", "--chances", "constant", code=2).err
    assert "nothing can be learnt" in gx("simulate", chain, "a", "--delay", "learned", code=1).err
    assert "sharing is false with other chances" in gx("simulate", built_shop, "u1", "--no-sharing", code=2).err
    assert "days was given without a delay" in gx("call", built_shop, "seed.simulate", '{"seeds": ["u1"], "days": 5}', code=2).err
    (tmp_path / "none.csv").write_text("user_id\n", encoding="utf-8")
    assert "has no ids" in gx("simulate", built_shop, tmp_path / "none.csv", code=2).err
    gone = simulate(built_shop, "u1", "nobody-here")
    assert gone["unknown"] == ["nobody-here"] and gone["reach"]["seeds"] == 1


def test_estimate_and_rpc(built_shop, serve):
    told = gx("simulate", built_shop, "u1", "--runs", "100000", "--estimate", "--format", "json").json()
    assert told["mem_bytes"] > 0 and told["cpu_s"] > 0
    rpc = serve(built_shop).connect()
    over = rpc.call("seed.simulate", {"seeds": ["u1", "u2"], "seed": 7, "delay": 1.5})
    here = simulate(built_shop, "u1", "u2", "--seed", "7", "--delay", "1.5")
    assert over == here


def test_circles_that_nobody_reached_are_listed(chain, built_shop):
    told = simulate(chain, "a", "--by", "region", "--chances", "constant", "--p", "0")
    assert [(row["circle"], row["members"], row["reached"]) for row in told["circles"]] == [("north", 2, 1), ("south", 3, 0)]
    assert told["circles_more"] == 0
    members = gx("communities", built_shop, "--members", "--format", "csv").rows()
    told = simulate(built_shop, "u1", "--chances", "constant", "--p", "0")
    named = {row["circle"]: row["members"] for row in told["circles"] if row["circle"]}
    assert set(named) == {row["community"] for row in members} and sum(row["reached"] for row in told["circles"]) == 1
    sizes = [row["members"] for row in told["circles"][1:]]
    assert sizes == sorted(sizes, reverse=True)
    assert simulate(chain, "a")["circles_more"] is None  # no circles are asked for


def test_of_many_circles_that_nobody_reached_the_rest_is_counted(tmp_path):
    (tmp_path / "users.csv").write_text("user_id,region\n" + "".join(f"m{k},r{k}\n" for k in range(1500)), encoding="utf-8")
    (tmp_path / "ties.csv").write_text("src,dst,kind,directed\nm1,m0,follow,1\n", encoding="utf-8")
    gx("import", tmp_path / "s.gx", tmp_path / "users.csv", tmp_path / "ties.csv", "--create")
    told = simulate(tmp_path / "s.gx", "m0", "--by", "region")
    assert len(told["circles"]) == 1000 and told["circles_more"] == 500
    assert [row["reached"] for row in told["circles"][:3]] == [1, 1, 0]
    said = gx("simulate", tmp_path / "s.gx", "m0", "--by", "region", "--show", "circles", "--format", "csv")
    assert len(said.rows()) == 1000 and "500 more circles" in said.err


def test_no_error_is_none(chain):
    """All runs reach the same: the mean is that number and its error 0, not what rounding leaves."""
    for runs in (777, 1000, 3000):
        told = simulate(chain, "a", "--against", "c", "--runs", runs)
        assert (told["reach"]["mean"], told["reach"]["error"], told["reach"]["interval"]) == (4, 0, [4, 4])
        assert (told["difference"]["mean"], told["difference"]["error"]) == (2, 0)
    chosen = gx("seeds", chain, "-k", 1, "--runs", 777, "--format", "json").json()
    assert (chosen["simulated"]["mean"], chosen["simulated"]["error"]) == (4, 0)
    assert "e-1" not in gx("simulate", chain, "a", "--runs", 777).out


def test_fewer_seeds_than_asked_for_and_circles_without(chain, tmp_path):
    told = gx("seeds", chain, "-k", 10, "--by", "region", "--format", "json").json()
    assert len(told["seeds"]) == 5 and told["short"] == "5 of 10: nobody else may be a seed" and told["circles_without"] == 0
    assert "5 of 10" in gx("seeds", chain, "-k", 10, "--format", "csv").err
    one = gx("seeds", chain, "-k", 1, "--by", "region", "--format", "json").json()
    assert one["short"] is None and [row["circle"] for row in one["circles"]] == ["north"] and one["circles_without"] == 1
    (tmp_path / "fees.csv").write_text("user_id,fee\na,2\n", encoding="utf-8")
    none = gx("seeds", chain, "--budget", 1, "--cost-else", 2, "--cost", tmp_path / "fees.csv", "--format", "json").json()
    assert none["seeds"] == [] and none["short"] == "no seeds: nobody who may be one is within the budget"
