"""A benchmark that does not come to its end gives what it has."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import BIN, gx

LONG = ["--only", "degree,harmonic", "--thread-counts", "1", "--runs", "100", "--budget", "600s"]


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    """Harmonic centrality a hundred times takes far longer than the tests wait."""
    path = tmp_path_factory.mktemp("bench") / "edges.txt"
    draw = random.Random(1)
    path.write_text("".join(f"{draw.randrange(12000)} {draw.randrange(12000)}\n" for _ in range(100000)))
    return path


def test_an_interrupted_run_keeps_its_lines(edges, tmp_path):
    out, part = tmp_path / "lines.jsonl", tmp_path / "lines.jsonl.part"
    words = [BIN, "bench", "graph", "--data", str(edges), *LONG, "--format", "jsonl", "-o", str(out)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if part.exists() and part.read_text():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "lines.jsonl.part" in said
    assert not out.exists()
    assert [json.loads(line)["task"] for line in part.read_text().splitlines()] == ["degree"]


def test_a_deadline_leaves_the_table_of_what_was_done(edges):
    done = gx("bench", "graph", "--data", edges, *LONG, "--deadline", "4s", "--format", "table", code=6)
    assert "degree" in done.out and "harmonic" not in done.out
    assert "not whole: 1 line," in done.err


def test_a_table_names_peers_that_are_gone_by_then(tmp_path):
    (tmp_path / "edges.txt").write_text("0 1\n1 2\n")
    (tmp_path / "with_networkx.py").write_text(
        """echo '{"version": "1", "threads": 1, "tasks": ["degree"]}'
        while read line; do echo '{"wall_s": 1e-9}'; done"""
    )
    peer = ["--peers", "--tools", "networkx", "--peer-python", "/bin/sh", "--peer-scripts", tmp_path]
    words = ["bench", "graph", "--data", tmp_path / "edges.txt", "--only", "degree", "--runs", "1", *peer]
    perturb = {"GLIBC_TUNABLES": "glibc.malloc.perturb=165"}  # freed memory does not keep what it held
    tools = [row["tool"] for row in gx(*words, "--format", "csv", env=perturb).rows()]
    assert tools[-1] == "networkx" and set(tools) == {"guanxi", "networkx"}


def test_a_run_goes_on_where_it_was(tmp_path):
    (tmp_path / "edges.txt").write_text("0 1\n1 2\n")
    words = ["bench", "graph", "--data", tmp_path / "edges.txt", "--runs", "1", "--thread-counts", "1", "--format", "jsonl"]
    had, lines = tmp_path / "had.jsonl", tmp_path / "lines.jsonl"
    gx(*words, "--only", "degree", "-o", had)
    gx(*words, "--only", "degree,kcore", "--resume", had, "-o", lines)
    assert lines.read_text().startswith(had.read_text())
    assert [json.loads(line)["task"] for line in lines.read_text().splitlines()] == ["degree", "kcore"]


def test_a_page_of_lines_and_notes(tmp_path):
    line = {"suite": "graph", "graph": "g", "task": "kcore", "threads": 1, "cpu_s": 1, "commit": "c", "cpu": "x"}
    ours = {**line, "tool": "guanxi", "wall_min_s": 2, "ratio": 2, "members": 5000, "ties": 9}
    theirs = {**line, "tool": "igraph", "wall_min_s": 1, "equal": True, "version": "0.10"}
    (tmp_path / "a.jsonl").write_text(json.dumps(ours) + "\n" + json.dumps(theirs) + "\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({**ours, "graph": "h"}) + "\n")
    (tmp_path / "notes").write_text("# above kcore g\n\nThe peeling.\n")
    page = ["bench", "page", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--notes", tmp_path / "notes"]
    text = gx(*page, "--format", "md").out
    assert "## g: 5,000 members, 9 ties" in text and "## h: 5,000" in text
    assert "- kcore on g: 2 at 1 thread (igraph 1 s). The peeling.\n" in text
    assert len(gx(*page, "--format", "jsonl").out.splitlines()) == 1
    gx("bench", "page", tmp_path / "a.jsonl", "--notes", tmp_path / "none", "--format", "md", code=4)


def test_every_suite_is_named():
    """By the help, by the answer to a suite that is not there, and by the page about speed."""
    told = gx("bench", "nonsense", code=4).err
    named = told.split("there are ")[1].split("\n")[0].strip().split(", ")
    assert "influence" in named and named[-1] == "all"
    assert len(named) == len(set(named))
    text = gx("bench", "--help").out
    page = (Path(__file__).parents[2] / "docs" / "bench.md").read_text()
    for suite in named:
        assert f" {suite}," in text or f" {suite};" in text, suite
        assert suite == "all" or f"\n| `{suite}` |" in page, suite


def test_only_names_tasks_that_are_there(tmp_path):
    """A task that is not there is told with one like it, by each suite that takes --only."""
    edges = tmp_path / "edges.txt"
    edges.write_text("1 2\n2 3\n")
    for suite, asked, near in (("graph", "pagernk", "pagerank"), ("influence", "constant_02", "constant_01")):
        told = gx("bench", suite, "--data", edges, "--only", asked, code=4).err
        assert f"there is no task '{asked}'; did you mean {near}?" in told
