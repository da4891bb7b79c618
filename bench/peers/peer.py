"""What the programs beside this one share: a graph in two files of numbers, tasks asked for one a line.

A peer is `serve(name, version, build, tasks)`. `build(n, u, v, directed)` makes the peer's own graph from
arrays of ends, `simplify(graph)` gives it without repeats and loops, where it keeps such; `forget(graph)` drops answers it
remembers, so that a second run computes again; `tasks` maps a task's name to a function of (graph, threads), marked with
@directed where it works on the directed graph, which returns a number, a list or array of one number a
member, or None. The bench writes a line {"task", "threads"} and reads back a line of what it took, with {"loading"} and
{"loaded"} before it where the graph was made first, which has no limit; the answer itself goes to the file `answer` in the
graph's folder, one double a member.
"""
import json
import os
import resource
import sys
import time

import numpy

BUILDS = ("build", "build_undirected")


def directed(function):
    function.directed = True
    return function


def _rss(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def _forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def _read(folder, name):
    ends = numpy.fromfile(os.path.join(folder, name), dtype=numpy.uint32)
    return ends[0::2].copy(), ends[1::2].copy()


def labels_of(parts, n):
    """A list of lists of members as one number a member."""
    label = numpy.zeros(n, dtype=numpy.float64)
    for number, part in enumerate(parts):
        label[numpy.fromiter(part, dtype=numpy.int64)] = number
    return label


def by_member(scores, n):
    """A dictionary from member to score, in the order of members."""
    return numpy.fromiter((scores[v] for v in range(n)), dtype=numpy.float64, count=n)


def serve(name, version, build, tasks, threads=1, set_threads=lambda count: None, simplify=None,
          forget=lambda graph: None):
    folder, n = sys.argv[1], int(sys.argv[2])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    graphs = {}

    def say(line):
        out.write(json.dumps(line) + "\n")
        out.flush()

    def graph(is_directed):
        """One at a time is kept: tasks come sorted by the graph they work on."""
        if is_directed not in graphs:
            say({"loading": True})
            graphs.clear()
            u, v = _read(folder, "directed" if is_directed else "undirected")
            graphs[is_directed] = build(n, u, v, is_directed)
            say({"loaded": True})
        return graphs[is_directed]

    def run(task, count):
        set_threads(count)
        if task in BUILDS:
            is_directed = task == "build"
            ends = _read(folder, "arcs")
            graphs.clear()
            call = lambda: graphs.update({is_directed: simplify(build(n, *ends, is_directed))})
        else:
            on = graph(getattr(tasks[task], "directed", False))
            forget(on)
            call = lambda: tasks[task](on, count)
        _forget_peak()
        before, used = _rss("VmRSS"), resource.getrusage(resource.RUSAGE_SELF)
        wall = time.perf_counter()
        answer = call()
        wall = time.perf_counter() - wall
        now = resource.getrusage(resource.RUSAGE_SELF)
        line = {
            "wall_s": wall,
            "cpu_s": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
            "rss_bytes": _rss("VmHWM"),
            "mem_bytes": max(0, _rss("VmHWM") - before),
        }
        if callable(answer):  # how to read the answer, which is not part of the work
            answer = answer()
        if isinstance(answer, (int, float)):
            line["value"] = float(answer)
        elif answer is not None:
            numpy.asarray(answer, dtype=numpy.float64).tofile(os.path.join(folder, "answer"))
            line["members"] = len(answer)
        return line

    say({"tool": name, "version": version, "threads": threads, "tasks": [*(BUILDS if simplify else ()), *tasks]})
    for request in sys.stdin:
        asked = json.loads(request)
        try:
            say(run(asked["task"], asked["threads"]))
        except Exception as error:  # a peer that cannot is left out, with its own words
            say({"error": f"{type(error).__name__}: {error}"[:200]})
