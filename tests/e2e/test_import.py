"""Files in: formats, what is refused and how it is said, all or nothing, idempotence, kills."""

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import BIN, gx

EVENTS = "event_id,user_id,item_id,action,ts,value\ne1,u1,i1,buy,2026-01-01,\ne2,u2,i1,rate,1767225600,4\n"


def counts(store):
    return gx("status", store, "--format", "json").json()


def test_every_form_of_the_same_rows_gives_the_same_store(tmp_path):
    rows = [
        {"user_id": "u,1", "item_id": "a\nb", "action": "buy", "ts": "2026-01-01T00:00:00Z", "value": "2"},
        {"user_id": "关系", "item_id": 'say "hi"', "action": "view", "ts": "2026-01-02T00:00:00Z", "value": ""},
    ]

    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    names = list(rows[0])
    csv = ",".join(names) + "\n" + "".join(",".join(quoted(row[n]) for n in names) + "\n" for row in rows)
    forms = {
        "plain.csv": csv.encode(),
        "crlf_bom.csv": b"\xef\xbb\xbf" + csv.replace("\n", "\r\n").replace("a\r\nb", "a\nb").encode(),
        "tabs.tsv": csv.replace(",", "\t").replace("u\t1", "u,1").encode(),
        "zipped.csv.gz": gzip.compress(csv.encode()),
        "lines.jsonl": "".join(
            json.dumps({k: v for k, v in row.items() if v != ""}, ensure_ascii=False) + "\n" for row in rows
        ).encode(),
    }
    exported = set()
    for name, data in forms.items():
        file = tmp_path / name
        file.write_bytes(data)
        if name == "plain.csv":
            subprocess.run(["zstd", "-q", "-f", str(file)], check=False)
        store = tmp_path / (name + ".gx")
        gx("import", store, file, "--create")
        exported.add(gx("export", store, "events", "--format", "jsonl").out)
    assert len(exported) == 1 and "关系" in exported.pop()
    if (tmp_path / "plain.csv.zst").exists():
        gx("import", tmp_path / "z.gx", tmp_path / "plain.csv.zst", "--create")
        assert counts(tmp_path / "z.gx")["events"] == 2


def test_the_same_file_again_changes_nothing(empty, shop_files):
    gx("import", empty, shop_files)
    before = counts(empty)
    report = gx("import", empty, shop_files, "--format", "json").json()["files"]
    assert sum(file["created"] for file in report) == 0 and sum(file["updated"] for file in report) == 0
    after = counts(empty)
    assert {k: after[k] for k in ("users", "items", "ties", "events")} == {
        k: before[k] for k in ("users", "items", "ties", "events")
    }


BAD = [
    ("missing id", "user_id,item_id,action,ts\nu1,,buy,2026-01-01\n", 2, "item_id"),
    ("long id", f"user_id,item_id,action,ts\n{'x' * 256},i,buy,2026-01-01\n", 2, "255"),
    ("bad utf-8", b"user_id,item_id,action,ts\nu\xff,i,buy,2026-01-01\n", 2, "UTF-8"),
    ("bad number", "user_id,item_id,action,ts,value\nu,i,rate,2026-01-01,four\n", 2, "number"),
    ("nan", "user_id,item_id,action,ts,value\nu,i,rate,2026-01-01,NaN\n", 2, "number"),
    ("infinity", "user_id,item_id,action,ts,value\nu,i,rate,2026-01-01,inf\n", 2, "number"),
    ("six stars", "user_id,item_id,action,ts,value\nu,i,rate,2026-01-01,5.5\n", 2, "not stars of 0 to 5 in value: '5.5'"),
    ("stars below none", "user_id,item_id,action,ts,value\nu,i,review,2026-01-01,-1\n", 2, "not stars of 0 to 5 in value: '-1'"),
    ("bad time", "user_id,item_id,action,ts\nu,i,buy,yesterday\n", 2, "time"),
    ("ragged", "user_id,item_id,action,ts\nu,i,buy\n", 2, "ragged"),
    ("quotes", 'user_id,item_id,action,ts\n"u,i,buy,2026-01-01\n', 2, "quote"),
    ("after a quoted line break", 'user_id,item_id,action,ts\n"u\n\n1",i,buy,2026-01-01\nu,i,buy,never\n', 5, "time"),
    ("negative weight", "src,dst,weight\na,b,-1\n", 2, "negative"),
    ("negative price", "item_id,price\na,-1\n", 2, "negative number"),
    ("negative stock", "item_id,stock\na,-3\n", 2, "negative number"),
    ("nan price", "item_id,price\na,nan\n", 2, "not a finite number"),
    ("unknown status", "item_id,status\na,sold_out\n", 2, "not on, active, hidden, off or deleted"),
    ("nan weight", "src,dst,weight\na,b,nan\n", 2, "number"),
]


@pytest.mark.parametrize("name, text, line, reason", BAD, ids=[row[0] for row in BAD])
def test_a_bad_row_is_named_with_its_line_and_nothing_is_written(empty, tmp_path, name, text, line, reason):
    file = tmp_path / "bad.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = gx("import", empty, file, code=3)
    assert f":{line}" in result.err and reason in result.err, result.err
    with open(tmp_path / "bad.csv.rejects.csv", errors="replace", newline="") as rejects:
        head, first = list(csv.reader(rejects))[:2]
    assert head == ["line", "reason", "column", "value", "row"] and len(first) == 5
    assert first[0] == str(line) and first[1] in result.err
    assert counts(empty)["events"] == 0 and counts(empty)["ties"] == 0 and counts(empty)["users"] == 0


def test_stars_are_of_what_the_table_of_actions_scales(empty, tmp_path):
    file = tmp_path / "e.csv"
    file.write_text("user_id,item_id,action,ts,value\nu,i,view,2026-01-01,90\nu,i,score,2026-01-01,10\nu,i,rate,2026-01-01,0\nu,i,rate,2026-01-02,5\n")
    gx("import", empty, file)
    gx("call", empty, "action.put", '{"actions": [{"action": "score", "scaled": true}, {"action": "rate", "scaled": false}]}')
    file.write_text("user_id,item_id,action,ts,value\nu,j,rate,2026-01-01,90\nu,j,score,2026-01-01,10\n")
    done = gx("import", empty, file, code=3)
    assert ":3:" in done.err and "not stars of 0 to 5 in value: '10'" in done.err and "accepted is 0 to 5" in done.err, done.err
    told = gx("call", empty, "event.put", '{"events": [{"user_id": "u", "item_id": "i", "action": "review", "ts": 1750000000, "value": 7}]}', code=2)
    assert "not stars of 0 to 5 '7'" in told.err, told.err


def test_entries_of_block_lists_that_no_item_has_are_told(empty, tmp_path):
    (tmp_path / "users.csv").write_text(
        'user_id,blocked_brands,blocked_sellers,dislikes\nu1,acme|Acmee,,"tea,skincare"\nu2,Nope,"Smith, Jones",night\nu3,Nope,none,drums\n'
    )
    (tmp_path / "items.csv").write_text('item_id,brand,seller,category,tags\ni1,Acme,"Smith, Jones",Skincare/serum,night|day\ni2,,,tea,\n')
    assert "no item has" not in gx("import", empty, tmp_path / "users.csv").err  # there are no items yet
    done = gx("import", empty, tmp_path / "items.csv").err
    assert "blocked_brands: 3 that no item has as its brand, first 'Acmee' of 'u1'" in done
    assert "blocked_sellers: 1 that no item has as its seller, first 'none' of 'u3'" in done
    assert "dislikes: 1 that no item has as its category, tag or brand, first 'drums' of 'u3'" in done
    (tmp_path / "ties.csv").write_text("src,dst\nu1,u2\n")
    assert "no item has" not in gx("import", empty, tmp_path / "ties.csv").err


def test_keep_good_keeps_the_good(empty, tmp_path):
    file = tmp_path / "mixed.csv"
    file.write_text("user_id,item_id,action,ts\nu1,i1,buy,2026-01-01\nu2,i1,buy,soon\nu3,i1,buy,2026-01-03\n")
    gx("import", empty, file, code=3)
    assert counts(empty)["events"] == 0
    report = gx("import", empty, file, "--keep-good", "--format", "json", code=3).json()["files"][0]
    assert (report["created"], report["rejected"]) == (2, 1) and counts(empty)["events"] == 2


def test_strict_refuses_what_no_file_gave(empty, tmp_path):
    file = tmp_path / "events.csv"
    file.write_text(EVENTS)
    assert "u1" in gx("import", empty, file, "--strict", code=3).err
    extra = tmp_path / "users.csv"
    extra.write_text("user_id,shoe_size\nu1,43\nu2,44\n")
    assert "shoe_size" in gx("import", empty, extra, "--strict", code=None).err
    gx("import", empty, extra)
    report = gx("import", empty, file, "--format", "json").json()["files"][0]
    assert report["new_users"] == 0 and report["new_items"] == 1


def test_a_dry_run_writes_nothing_and_says_what_times_are(empty, tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("user_id,item_id,action,ts\nu1,i1,buy,1767225600\n")
    report = gx("import", empty, file, "--dry-run", "--format", "json").json()["files"][0]
    assert report["time_unit"] == "seconds" and counts(empty)["events"] == 0


def test_map_and_kind(empty, tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("buyer,product_no,what,when\nu1,i1,buy,2026-01-01\n")
    gx("import", empty, file, code=2)
    words = ["--kind", "events", "--map", "user_id=buyer,item_id=product_no,action=what,ts=when"]
    gx("import", empty, file, *words)
    assert counts(empty)["events"] == 1


def test_what_goes_out_comes_in_again(built_shop, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for kind in "users items groups members ties events coupons".split():
        gx("export", built_shop, kind, "--format", "csv", "-o", folder / f"{kind}.csv")
    copy = tmp_path / "copy.gx"
    gx("import", copy, folder, "--create")
    a, b = counts(built_shop), counts(copy)
    for name in "users items groups members ties events coupons".split():
        assert a[name] == b[name], name
    for kind in "users items ties".split():
        here = sorted(gx("export", built_shop, kind, "--format", "jsonl").out.splitlines())
        assert here == sorted(gx("export", copy, kind, "--format", "jsonl").out.splitlines())


def test_an_export_is_csv_json_or_json_lines(built_shop, empty):
    rows = gx("export", built_shop, "ties", "--format", "csv").rows()
    listed = gx("export", built_shop, "ties", "--format", "json").json()
    lines = gx("export", built_shop, "ties", "--format", "jsonl").out.splitlines()
    assert len(rows) == len(listed) == len(lines) and listed[0] == json.loads(lines[0])
    assert gx("export", empty, "ties", "--format", "json").json() == []


def test_a_kill_at_any_moment_leaves_the_store_before_or_after(tmp_path, long):
    """SIGKILL at random points of an import: each file is there whole, or not at all."""
    events = tmp_path / "events.csv"
    rows = 200_000
    with open(events, "w", encoding="utf-8") as file:
        file.write("event_id,user_id,item_id,action,ts\n")
        for i in range(rows):
            file.write(f"e{i},u{i % 5000},i{i % 997},view,{1_760_000_000 + i}\n")
    store = tmp_path / "kill.gx"
    gx("init", store)
    begun = time.monotonic()
    gx("import", tmp_path / "whole.gx", events, "--create")
    whole = time.monotonic() - begun
    rng = random.Random(3)
    killed = done = 0
    for _ in range(2000 if long else 50):
        process = subprocess.Popen([BIN, "import", str(store), str(events)], stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * whole * 1.1)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        seen = counts(store)["events"]
        assert seen in (0, rows)
        if seen == rows:
            done += 1
            subprocess.run(["rm", "-rf", str(store)], check=True)
            gx("init", store)
    assert killed > 10
    gx("check", store)
    gx("import", store, events)
    assert counts(store)["events"] == rows
    gx("check", store)


def test_ctrl_c_leaves_the_store_intact(tmp_path):
    events = tmp_path / "events.csv"
    with open(events, "w", encoding="utf-8") as file:
        file.write("user_id,item_id,action,ts\n")
        for i in range(2_000_000):
            file.write(f"u{i % 50000},i{i % 9973},view,{1_760_000_000 + i}\n")
    store = tmp_path / "int.gx"
    gx("init", store)
    process = subprocess.Popen([BIN, "import", str(store), str(events)], stderr=subprocess.PIPE, text=True)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    if process.returncode == 0:
        pytest.skip("the import was over before it could be interrupted")
    assert process.returncode == 130 and "intact" in err
    gx("check", store)
    assert counts(store)["events"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs")
def test_a_full_disk_is_said_and_the_store_stays_readable(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(mount)], check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        store = mount / "shop.gx"
        small = tmp_path / "events.csv"
        small.write_text(EVENTS)
        gx("import", store, small, "--create")
        large = tmp_path / "large.csv"
        with open(large, "w", encoding="utf-8") as file:
            file.write("user_id,item_id,action,ts\n")
            for i in range(400_000):
                file.write(f"u{i},i{i},view,{1_760_000_000 + i}\n")
        assert "full" in gx("import", store, large, code=1).err
        assert counts(store)["events"] == 2
        gx("check", store)
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_self_ties_of_an_edge_list_are_counted_and_their_members_kept(tmp_path):
    edges = tmp_path / "edges.txt"
    edges.write_text("1 2\n2 2\n3 3\n")
    told = gx("import", tmp_path / "a.gx", edges, "--preset", "snap", "--create")
    assert "left out: 2 × self tie" in told.err and "created: 3 users" in told.err
    again = gx("import", tmp_path / "a.gx", edges, "--preset", "snap", "--format", "json").json()["files"][0]
    assert again["skipped"] == 2 and again["unchanged"] == 1
    edges.write_text("0 0\n")
    alone = gx("centrality", edges, "degree", "--preset", "snap", "--format", "json")
    assert "1 self ties were left out" in alone.err
    assert [row["user_id"] for row in alone.json()["members"]] == ["0"]
