"""Lists for everybody from the command line: `recommend --all`, its rules, its file, its failures."""

import collections
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest
from conftest import BIN, gx

SEND = ["--send", "2026-12-01T10:00:00Z"]


def batch(store, *words, code=0):
    return gx("recommend", store, "--all", *SEND, *words, code=code)


def lines_of(run):
    return [json.loads(line) for line in run.out.splitlines()]


def test_rows_are_those_of_recommend(built_shop):
    rows = batch(built_shop, "-n", "4").rows()
    assert list(rows[0]) == ["user", "rank", "item", "score", "channel", "time"]
    users = list(dict.fromkeys(row["user"] for row in rows))
    assert len(users) == 2000 and len(rows) == 8000 and {row["time"] for row in rows} == {"2026-12-01T10:00:00Z"}
    of = collections.defaultdict(list)
    for row in rows:
        of[row["user"]].append((row["item"], int(row["rank"]), float(row["score"])))
    for start in range(0, 2000, 199):
        some = users[start : start + 20]
        for entry in gx("recommend", built_shop, *some, "-n", "4", "--format", "json").json():
            assert of[entry["user"]] == [(i["id"], i["rank"], i["score"]) for i in entry["items"]]
            most = max(entry["items"][0]["channels"].items(), key=lambda pair: pair[1])
            assert rows[4 * users.index(entry["user"])]["channel"] == most[0]


def test_the_same_bytes_at_any_number_of_threads(built_shop, tmp_path):
    texts = set()
    for threads in (1, 2, 8):
        out = tmp_path / f"{threads}.csv"
        batch(built_shop, "-n", "3", "--explore", "0.3", "--over", "2h", "--threads", threads, "-o", out)
        texts.add(out.read_bytes())
    assert len(texts) == 1
    other = batch(built_shop, "-n", "3", "--explore", "0.3", "--over", "2h", "--seed", "5").out
    assert other.encode() not in texts


def test_forms(built_shop, tmp_path):
    out = tmp_path / "lists.jsonl"
    batch(built_shop, "-n", "2", "--why", "-o", out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == 2000 and all(len(line["items"]) == 2 and line["time"] and line["rung"] for line in lines)
    assert all(item["why"] for line in lines[:50] for item in line["items"])
    whole = batch(built_shop, "-n", "2", "--format", "json").json()
    assert [line["user"] for line in whole] == [line["user"] for line in lines]
    rows = list(csv.DictReader(batch(built_shop, "-n", "2", "--format", "csv").out.splitlines()))
    assert len(rows) == 4000
    for words in (["--format", "csv"], [], ["-o", tmp_path / "why.csv"]):
        assert "no room for reasons" in batch(built_shop, "-n", "2", "--why", *words, code=2).err
    told = gx("recommend", "--help").out
    assert "with --all only where it is given" in told and "on unless --no-why" not in told
    assert "csv, jsonl and json" in batch(built_shop, "--format", "md", code=2).err


def test_what_is_refused_writes_nothing(built_shop):
    for words in (["--segment", "region ="], ["--tz", "mars"], ["--quiet", "late"]):
        for form in ("csv", "json", "table"):
            assert batch(built_shop, "-n", "1", *words, "--format", form, code=2).out == "", (words, form)
    none = batch(built_shop, "-n", "1", "--segment", 'region = "Hubei" and region = "Fujian"', "--format", "csv")
    assert none.out == "user,rank,item,score,channel,time\n" and 'nobody is of the segment region = "Hubei" and region = "Fujian"' in none.err
    assert batch(built_shop, "-n", "1", "--segment", 'region = "Hubei" and region = "Fujian"', "--format", "json").json() == []
    assert "CPU second" in none.err


def test_nobody_of_the_file_is_of_the_segment(built_shop, tmp_path):
    """The segment has members; that the file names none of them is no word against it."""
    inside = {row["user"] for row in batch(built_shop, "-n", "1", "--segment", 'region = "Hubei"').rows()}
    outside = next(row["user"] for row in batch(built_shop, "-n", "1").rows() if row["user"] not in inside)
    file = tmp_path / "some.csv"
    file.write_text(f"user_id\n{outside}\n")
    told = batch(built_shop, "-n", "1", "--members", file, "--segment", 'region = "Hubei"').err
    assert inside and f'nobody of {file} is of the segment region = "Hubei"' in told and "lists for 0 of 1 member, 0 items; left out: 1 segment" in told
    file.write_text("user_id\n")
    empty = batch(built_shop, "-n", "1", "--members", file, code=2)
    assert f"{file} has no ids" in empty.err and empty.out == ""


def test_a_servers_cpu_is_not_told(built_shop, serve):
    server = serve(built_shop)
    said = gx("recommend", server.unix, "--all", *SEND, "-n", "1").err
    assert "lists for 2000" in said and "CPU" not in said


def test_who_is_left_out_is_told(built_shop, tmp_path):
    out, left = tmp_path / "l.csv", tmp_path / "left.csv"
    said = batch(built_shop, "-n", "1", "--holdout", "0.2", "-o", out, "--left-out", left).err
    with open(out, encoding="utf-8") as file:
        served = {row["user"] for row in csv.DictReader(file)}
    with open(left, encoding="utf-8") as file:
        held = [row for row in csv.DictReader(file)]
    assert {row["reason"] for row in held} == {"holdout"} and 320 < len(held) < 480
    assert len(served) + len(held) == 2000 and not served & {row["user"] for row in held}
    assert f"left out: {len(held)} holdout" in said and f"lists for {len(served)} of 2000 members" in said
    again = batch(built_shop, "-n", "1", "--holdout", "0.2", "--push", "another").rows()
    assert {row["user"] for row in again} == served  # the holdout is that of its name, whatever the push
    other = batch(built_shop, "-n", "1", "--holdout", "0.2", "--holdout-name", "spring").rows()
    assert {row["user"] for row in other} != served


def test_what_is_missing_in_the_lists_is_told(built_shop, tmp_path):
    few = ["-n", "50", "--where", "price > 300", "--caps", "brand=1"]
    run = batch(built_shop, *few, "--pin", "nosuch", "--segment", 'user_id = "u1"', "--format", "jsonl")
    [line] = lines_of(run)
    one = gx("recommend", built_shop, "u1", *few, "--pin", "nosuch", "--format", "json").json()[0]
    assert line["short"] == one["short"] and line["not_pinned"] == one["not_pinned"]
    assert "lists for 1 of 1 member, " in run.err
    assert f"1 list is shorter than asked; the first, u1: {one['short']}" in run.err
    assert "pin nosuch is not shown in 1 list: It is not in this store (unknown)" in run.err
    full = batch(built_shop, "-n", "3", "--segment", 'user_id = "u1"', "--format", "jsonl")
    assert "short" not in lines_of(full)[0] and "shorter" not in full.err
    all_of_them = batch(built_shop, "-n", "3", "--pin", "nosuch", "-o", tmp_path / "l.csv").err
    assert "pin nosuch is not shown in 2000 lists" in all_of_them


def test_who_is_left_out_has_a_file_of_its_own(built_shop, tmp_path):
    """Written to the file of the lists it was lost, and to that of the members these were."""
    names, out = tmp_path / "who.txt", tmp_path / "l.csv"
    names.write_text("u7\nu3\nnobody\n")
    for left in (out, tmp_path / "l.csv.part", tmp_path / "l.csv.part.state", names):
        said = gx("recommend", built_shop, "--all", "--members", names, "-o", out, "--left-out", left, code=2).err
        assert "--left-out" in said and "is that file" in said
        assert names.read_text() == "u7\nu3\nnobody\n" and list(tmp_path.iterdir()) == [names]
    gx("recommend", built_shop, "--all", "-o", "l.csv", "--left-out", "./l.csv", code=2, cwd=tmp_path)
    gx("recommend", built_shop, "--all", "--members", names, "-o", "/dev/null", "--left-out", "/dev/null")


def test_segments_and_files(built_shop, tmp_path):
    names = tmp_path / "who.txt"
    names.write_text("u7\n\nu3\r\nnobody\nu9\n")
    done = batch(built_shop, "-n", "1", "--members", names)
    assert [row["user"] for row in done.rows()] == ["u7", "u3", "u9"] and "1 unknown" in done.err
    users = {row["user_id"]: row for row in gx("export", built_shop, "users").rows()}
    region = users["u1"]["region"]
    got = {row["user"] for row in batch(built_shop, "-n", "1", "--segment", f'region = "{region}"').rows()}
    assert got == {user for user, row in users.items() if row["region"] == region}
    circle = gx("recommend", built_shop, "u1", "--format", "json").json()[0]["circle"]
    got = {row["user"] for row in batch(built_shop, "-n", "1", "--segment", circle).rows()}
    members = gx("communities", built_shop, "--members", "--format", "csv").rows()
    assert got == {row["user_id"] for row in members if row["community"] == circle}


def test_quiet_hours_and_spread(built_shop):
    rows = batch(built_shop, "-n", "1", "--over", "4h", "--quiet", "11:00-12:30").rows()
    times = sorted(row["time"] for row in rows)
    assert times[0] == "2026-12-01T10:00:00Z" and times[-1] < "2026-12-01T14:00:00Z"
    assert not any("T11:00" <= t[10:16] < "T12:30" for t in times)
    hours = collections.Counter(t[11:13] for t in times)
    assert 400 < hours["10"] < 600 and 400 < hours["13"] < 600
    there = batch(built_shop, "-n", "1", "--quiet", "22:00-08:00", "--tz", "Asia/Tokyo").rows()
    assert {row["time"] for row in there} == {"2026-12-01T10:00:00Z"}  # 19:00 there
    there = batch(built_shop, "-n", "1", "--quiet", "22:00-08:00", "--tz", "America/Los_Angeles").rows()
    assert {row["time"] for row in there} == {"2026-12-01T16:00:00Z"}  # 02:00 there


def test_caps_by_the_log(shop):
    first = batch(shop, "-n", "1", "--push", "one", "--cap", "2", "--again", "30d", "--log")
    second = gx("recommend", shop, "--all", "-n", "1", "--send", "2026-12-03", "--push", "two", "--cap", "2", "--again", "30d", "--log")
    third = gx("recommend", shop, "--all", "-n", "1", "--send", "2026-12-05", "--push", "three", "--cap", "2", "--again", "30d", "--log")
    assert len(first.rows()) == len(second.rows()) == 2000
    assert not {(r["user"], r["item"]) for r in first.rows()} & {(r["user"], r["item"]) for r in second.rows()}
    assert third.rows() == [] and "2000 cap" in third.err
    later = gx("recommend", shop, "--all", "-n", "1", "--send", "2026-12-20", "--push", "four", "--cap", "2").rows()
    assert len(later) == 2000
    shown = gx("export", shop, "impressions").rows()
    assert len(shown) == 4000 and all(row["request_id"].startswith("push/") for row in shown)
    assert batch(shop, "-n", "1", "--push", "one", "--cap", "2", "--again", "30d", "--log").out == first.out
    assert len(gx("export", shop, "impressions").rows()) == 4000


@pytest.mark.parametrize(
    "words, said",
    [
        (["u1", "--all"], "one of the two"),
        (["u1", "--cap", "2"], "--cap goes with --all"),
        (["--all", "--holdout", "2"], "holdout"),
        (["--all", "--quiet", "late"], "22:00-08:00"),
        (["--all", "--tz", "Moon"], "Moon"),
        (["--all", "--segment", "price <"], "neither a group"),
        (["--all", "-n", "0"], "1 to 1000"),
        (["--all", "--where", "price <"], "where"),
        ([], "users"),
    ],
)
def test_broken_arguments(built_shop, tmp_path, words, said):
    out = tmp_path / "l.csv"
    assert said in gx("recommend", built_shop, *words, "-o", out, code=2).err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(built_shop):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    said = gx("recommend", built_shop, "--all", "-o", "/dev/full", code=1).err
    assert "/dev/full" in said and "disk" in said.lower() or "space" in said.lower()
    gx("recommend", built_shop, "--all", "--holdout", "0.5", "--left-out", "/dev/full", code=1)


def parts(out):
    return [name for name in (f"{out}.part", f"{out}.part.state") if os.path.exists(name)]


def broken_off(signal_number, store, out, *words, pages=1):
    """Runs until so many pages are noted, and ends it then; the process, or None where it was done before."""
    process = subprocess.Popen(
        [BIN, "recommend", store, "--all", "-o", out, *map(str, words)], stderr=subprocess.PIPE, text=True
    )
    state = f"{out}.part.state"
    while process.poll() is None:
        with contextlib.suppress(OSError), open(state, "rb") as file:
            if file.read().count(b"\n") > pages:
                break
        time.sleep(0.001)
    process.send_signal(signal_number)
    process.said = process.communicate(timeout=60)[1]
    return None if process.returncode == 0 else process


def test_cancelled_leaves_the_old_file_and_what_was_done(built_shop, tmp_path):
    out = tmp_path / "l.jsonl"
    out.write_text("before\n")
    process = broken_off(signal.SIGINT, built_shop, out, "-n", "100", "--why", "--threads", "1")
    if process:
        assert process.returncode == 130 and "what was done is kept in" in process.said
        assert out.read_text() == "before\n" and len(parts(out)) == 2
    gx("recommend", built_shop, "--all", "-n", "1", "-o", out)  # without --resume: anew
    assert not parts(out) and len(out.read_text().splitlines()) == 2000
    assert gx("recommend", built_shop, "--all", "--deadline", "1ms", "-o", out, code=6)
    assert not parts(out)


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_killed_and_resumed_gives_the_same_bytes(built_shop, tmp_path, form, long):
    """Killed again and again, wherever it is, and its files end in the middle of a line."""
    rng = random.Random(form)
    want, out, left, held = (tmp_path / name for name in ("want", f"l.{form}", "left.csv", "held.csv"))
    words = [*SEND, "-n", "40", "--holdout", "0.1", "--over", "3h", "--explore", "0.2", "--seed", "7", "--format", form]
    words += [] if form == "csv" else ["--why"]
    said = gx("recommend", built_shop, "--all", *words, "-o", want, "--left-out", held).err
    for _ in range(20 if long else 1):
        killed, resume = 0, []
        for pages in sorted(rng.sample(range(1, 39), 3)):
            process = broken_off(signal.SIGKILL, built_shop, out, *words, "--left-out", left, *resume, pages=pages)
            resume = ["--resume"]
            if not process:
                break
            killed += 1
            for path in (f"{out}.part", left, f"{out}.part.state"):
                cut = rng.choice(["as it is", "half a line", "shorter"])
                if cut == "half a line":
                    with open(path, "a", encoding="utf-8") as file:
                        file.write('u77,1,"sku')
                elif cut == "shorter":
                    os.truncate(path, max(0, os.path.getsize(path) - rng.randrange(3000)))
        if killed == 3:
            told = gx("recommend", built_shop, "--all", *words, "-o", out, "--left-out", left, "--resume").err
            assert "the run goes on" in told
            assert [line for line in told.splitlines() if "lists for" in line][-1] == said.splitlines()[0]
        assert out.read_bytes() == want.read_bytes() and left.read_bytes() == held.read_bytes()
        assert not parts(out)


def test_a_resumed_push_is_logged_once(shop, tmp_path):
    out, names = tmp_path / "l.csv", tmp_path / "who.txt"
    names.write_text("".join(f"u{k}\nnobody-{k}\n\n" for k in range(1, 1500)))
    words = ["-n", "20", "--push", "p", "--cap", "1", "--again", "9d", "--log", "--members", names]
    process = broken_off(signal.SIGKILL, shop, out, *words, pages=4)  # send is the time of its start
    had = gx("export", shop, "impressions").rows()
    if process:
        assert 0 < len(had) < 1499 * 20
        told = gx("recommend", shop, "--all", *words, "-o", out, "--resume").err
        assert "the run goes on" in told and "1499 unknown" in told
    shown = gx("export", shop, "impressions").rows()
    with open(out, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1499 * 20 and [row["user"] for row in rows[::20]] == [f"u{k}" for k in range(1, 1500)]
    assert sorted((r["user_id"], r["item_id"], r["ts"]) for r in shown) == sorted((r["user"], r["item"], r["time"]) for r in rows)
    assert len({row["time"] for row in rows}) == 1


def test_what_is_not_the_same_run_is_not_resumed(shop, serve, tmp_path):
    out, who = tmp_path / "l.csv", tmp_path / "who.txt"
    who.write_text("u1\n")
    words = [*SEND, "-n", "100"]
    process = broken_off(signal.SIGKILL, shop, out, *words, "--seed", "3", pages=5)
    assert process
    words = ["recommend", shop, "--all", *words, "-o", out, "--resume"]
    for other, said in (
        (["--seed", "4"], "seed was 3 in the run that left"),
        ([], "seed was 3 in the run"),
        (["--seed", "3", "--holdout", "0.1"], "holdout was not given in the run"),
        (["--seed", "3", "--format", "jsonl"], 'format was "csv" in the run'),
        (["--seed", "3", "--left-out", tmp_path / "left"], "left_out was false in the run"),
        (["--seed", "3", "--members", who], "members_file was false in the run"),
    ):
        before = [open(name, "rb").read() for name in parts(out)]
        assert said in gx(*words, *other, code=2).err
        assert [open(name, "rb").read() for name in parts(out)] == before and not out.exists()
    assert "--estimate" in gx(*words, "--estimate", code=2).err
    assert "a file" in gx("recommend", shop, "--all", "--resume", code=2).err
    assert "--resume goes with --all" in gx("recommend", shop, "u1", "--resume", code=2).err
    gx("call", shop, "admin.config", '{"name": "min_count", "value": 9}')
    assert "settings of the store changed" in gx(*words, "--seed", "3", code=1).err
    gx("call", shop, "admin.config", '{"name": "min_count", "value": 5}')
    gx("build", shop)
    assert "snapshot changed" in gx(*words, "--seed", "3", code=1).err
    gx("call", shop, "model.rollback")
    server = serve(shop)  # over a socket, where the same options are the same run
    assert len(parts(out)) == 2
    gx("call", server.unix, "admin.config", '{"name": "min_count", "value": 6}')
    assert "settings of the store changed" in gx("recommend", server.unix, *words[2:], "--seed", "3", code=1).err


def test_a_resume_of_nothing_begins_anew(built_shop, tmp_path):
    out = tmp_path / "l.csv"
    words = ["-n", "1", "-o", out, "--resume"]
    assert "begins anew" in batch(built_shop, *words).err and not parts(out)
    want = out.read_bytes()
    assert "begins anew" in batch(built_shop, *words).err and out.read_bytes() == want
    (tmp_path / "l.csv.part").write_text("of somebody else\n" * 100000)
    assert "begins anew" in batch(built_shop, *words).err and out.read_bytes() == want
    batch(built_shop, "--tz", "mars", *words, code=2)
    assert not parts(out)


def test_a_full_disk_and_then_room(built_shop, tmp_path):
    """The limit of a file's size stands for the full disk."""
    out = tmp_path / "l.csv"
    words = ["-n", "100", *SEND]  # so that there are several pages
    want = batch(built_shop, "-n", "100").out
    line = f"ulimit -f 4096; trap '' XFSZ; exec '{BIN}' recommend '{built_shop}' --all -o '{out}' {' '.join(words)}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "too large" in done.stderr and "is kept in" in done.stderr and not out.exists()
    assert os.path.getsize(f"{out}.part") == 4096 * 1024
    assert "the run goes on" in gx("recommend", built_shop, "--all", *words, "-o", out, "--resume").err
    assert out.read_text() == want and not parts(out)


def test_over_a_server_page_by_page(built_shop, serve):
    server = serve(built_shop)
    here = batch(built_shop, "-n", "3").out
    assert gx("recommend", server.unix, "--all", *SEND, "-n", "3").out == here
    with_reasons = batch(server.unix, "-n", "20", "--why", "--format", "jsonl").out.splitlines()
    assert len(with_reasons) == 2000
    rpc = server.connect()
    page = rpc.call("rec.batch", {"n": 3, "members": 100, "send": 1796119200})
    assert len(page["lists"]) == 100 and page["seen"] == 100 and page["of"] == 2000 and page["next"]
    job = rpc.call("job.start", {"method": "rec.batch", "args": {"n": 3, "members": 50, "after": page["next"]}})["job"]
    for _ in range(200):
        state = rpc.call("job.get", {"job": job})
        if state["state"] != "running":
            break
        time.sleep(0.02)
    assert state["state"] == "done" and len(state["result"]["lists"]) == 50
    with pytest.raises(RuntimeError, match="100000"):
        rpc.call("rec.batch", {"n": 1000, "members": 10000})
    rpc.close()


def test_a_bare_folder_is_a_target_too(shop_files, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(shop_files, folder)
    assert len(gx("recommend", folder, "--all", "-n", "1", *SEND).rows()) == 2000


def test_an_estimate(built_shop, tmp_path):
    told = batch(built_shop, "-n", "5", "--estimate", "--format", "json").json()
    out = tmp_path / "l.json"
    batch(built_shop, "-n", "5", "--format", "json", "-o", out)
    assert told["members"] == told["lists"] == 2000 and told["cpu_s"] > 0
    assert abs(told["disk_bytes"] / out.stat().st_size - 1) < 0.1
    assert 1e5 < told["mem_bytes"] < 1e8
    for words in (["--format", "csv"], ["--format", "jsonl", "--why"]):
        run = batch(built_shop, "-n", "5", *words, "--estimate")
        told = run.rows()[0] if "csv" in words else run.json()
        batch(built_shop, "-n", "5", *words, "-o", out)
        assert abs(int(told["disk_bytes"]) / out.stat().st_size - 1) < 0.1, words


def test_blocks_by_factors_are_the_same_lists(shop):
    """650 items of 512 factors: members are scored by one product a block, whose rounding is its own."""
    gx("build", shop, "--passes", "leiden,strength,circle,leaders,popular,ials", "--params", "ials.factors=512")
    rows = batch(shop, "-n", "5", "--threads", "2").rows()
    assert batch(shop, "-n", "5", "--threads", "1").rows() == rows
    of = collections.defaultdict(list)
    for row in rows:
        of[row["user"]].append(row)
    users = list(of)[::40]
    different = 0
    for entry in gx("recommend", shop, *users, "-n", "5", "--format", "json").json():
        for got, want in zip(of[entry["user"]], entry["items"], strict=True):
            assert abs(float(got["score"]) - want["score"]) < 1e-5
            different += got["item"] != want["id"]
    assert different <= 2  # of what ties
    new = [{"item_id": f"new-{k}", "category": "none/such"} for k in range(40)]  # newer than the snapshot
    gx("call", shop, "item.put", json.dumps({"items": new}))
    assert batch(shop, "-n", "5").rows()[: 5 * 64] == [row for user in list(of)[:64] for row in of[user]]
    item = gx("export", shop, "items", "--format", "jsonl").out.splitlines()[0]
    tells = [{"user_id": user, "prefers": [json.loads(item)["category"]]} for user in users[4:12]]
    gx("call", shop, "user.put", json.dumps({"users": tells}))
    names = shop / "tells.txt"  # what they declared and what it is time for again counts in a block too
    names.write_text("".join(f"{user}\n" for user in users[4:12]))
    for words in [[], ["--repeat", "on"]]:
        got = [row["item"] for row in batch(shop, "-n", "5", "--members", names, *words).rows()]
        want = gx("recommend", shop, *users[4:12], "-n", "5", *words, "--format", "json").json()
        want = [item["id"] for entry in want for item in entry["items"]]
        assert sum(a != b for a, b in zip(got, want, strict=True)) <= 2, words
    event = {"user_id": users[3], "item_id": "sku-7", "action": "buy", "ts": "2026-10-30"}
    gx("call", shop, "event.put", json.dumps({"events": [event]}))
    names = shop / "one.txt"  # who has done something since the fit is folded in, as recommend does it
    names.write_text(f"{users[2]}\n{users[3]}\n")
    rows = batch(shop, "-n", "5", "--members", names).rows()
    want = gx("recommend", shop, users[3], "-n", "5", "--format", "json").json()[0]
    assert want["rung"] == "fold_in"
    assert [(r["item"], float(r["score"])) for r in rows[5:]] == [(i["id"], i["score"]) for i in want["items"]]


def test_the_circle_speaks_where_its_popularity_makes_the_list(shop):
    """popular_circle as the model of a snapshot: its reasons are of the circle, or of everybody."""
    gx("build", shop, "--passes", "leiden,popular,popular_circle", "--no-blend")
    circles = {row["user_id"]: row["community"] for row in gx("communities", shop, "--members", "--format", "csv").rows()}
    said = set()
    for entry in gx("recommend", shop, *[f"u{k}" for k in range(1, 150)], "-n", "20", "--format", "json").json():
        for why in (why for item in entry["items"] for why in item["why"] if why["channel"] == "interest"):
            said.add((why["en"], why["zh"]))
            if why["en"] == "Popular in your circle":
                assert why["evidence"]["community"] == circles[entry["user"]]
    said = {pair for pair in said if not pair[0].startswith("Of ")}  # of items few chose, what they are
    assert said == {("Popular in your circle", "你的圈子热门"), ("Popular with everybody", "大家都喜欢")}


@pytest.mark.parametrize("text", ["\ufeffu1\r\nu2\r\n\r\nu3", "\ufeffuser_id,city\nu1,a\nu2,b\nu3,c\n", "u1\nu2\nu1\nu3\nu2\n"])
def test_a_file_of_members_is_read_as_by_every_verb_and_each_is_heard_once(shop, tmp_path, text):
    """A byte order mark lost the first, and who was there twice had two lists, whatever the cap."""
    names = tmp_path / "who.csv"
    names.write_bytes(text.encode())
    done = batch(shop, "-n", "1", "--members", names, "--cap", "1", "--push", "p", "--log")
    assert [row["user"] for row in done.rows()] == ["u1", "u2", "u3"] and "3 of 3 members" in done.err
    page = json.loads(gx("call", shop, "rec.batch", '{"n": 1, "users": ["u7", "u8", "u7"]}').out)
    assert [row["user"] for row in page["lists"]] == ["u7", "u8"] and page["of"] == page["counts"]["members"] == 2
