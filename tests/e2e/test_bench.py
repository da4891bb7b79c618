"""A benchmark that does not come to its end gives what it has."""

import json
import random
import signal
import subprocess
import time

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
