"""What the programs beside this one share: a graph in two files of numbers, tasks asked for one a line.

A peer is `serve(name, version, build, tasks)`. `build(n, u, v, directed, weights)` makes the peer's own graph from arrays of
ends and, unless they are None, of weights; `simplify(graph)` gives it without repeats and loops, where it keeps such;
`forget(graph)` drops answers it remembers, so that a second run computes again; `threads` is the most it takes, in tasks whose
names begin with one of `threaded` (None: in all). `tasks` maps a task's name to a function of (graph, threads), marked with
directed() or weighted() where it works on such a graph, which returns a number, a list or array of one number a member, a
function that reads such an answer and is not timed, or None.

The bench writes a line {"task", "threads"} and reads back a line of what it took, with {"loading"} and {"loaded"} before it
where the graph was made first, which has no limit; the answer itself goes to the file `answer` in the graph's folder, one
double a member.
"""
import ctypes
import json
import os
import resource
import sys
import time

import numpy

BUILDS = ("build", "build_undirected")


def _marked(function, **marks):
    def call(g, threads):
        return function(g, threads)
    vars(call).update(vars(function), **marks)
    return call


def directed(function):
    """The same on the directed graph."""
    return _marked(function, directed=True)


def weighted(function):
    """The same on the graph with weights."""
    return _marked(function, weighted=True)


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


def most_tied(u, v, n):
    """The member with most ties, of equals the first; of arrays of ends, each tie once."""
    return int(numpy.argmax(numpy.bincount(u, minlength=n) + numpy.bincount(v, minlength=n)))


def ends_of(pairs, n):
    """How many of the pairs each member is in."""
    return numpy.bincount(numpy.asarray(pairs, dtype=numpy.int64).ravel(), minlength=n)


def by_member(scores, n):
    """A dictionary from member to score, in the order of members."""
    return numpy.fromiter((scores[v] for v in range(n)), dtype=numpy.float64, count=n)


def set_openmp_threads(count):
    """Of every OpenMP library this process has loaded; a package may bring its own."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if "libgomp" in line}
    for path in paths:
        ctypes.CDLL(path).omp_set_num_threads(count)


def serve(name, version, build, tasks, threads=1, set_threads=set_openmp_threads, simplify=None,
          forget=lambda graph: None, threaded=None):
    folder, n = sys.argv[1], int(sys.argv[2])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    graphs = {}

    def say(line):
        out.write(json.dumps(line) + "\n")
        out.flush()

    def graph(*kind):
        """One at a time is kept: tasks come sorted by the graph they work on."""
        is_directed, is_weighted = kind
        if kind not in graphs:
            say({"loading": True})
            graphs.clear()
            name = "directed" if is_directed else "undirected"
            u, v = _read(folder, name)
            weights = numpy.fromfile(os.path.join(folder, name + ".weights"), dtype=numpy.uint8) if is_weighted else None
            graphs[kind] = build(n, u, v, is_directed, weights)
            say({"loaded": True})
        return graphs[kind]

    def run(task, count):
        set_threads(min(threads, os.cpu_count() or 1))  # loading is not what is measured
        if task in BUILDS:
            is_directed = task == "build"
            ends = _read(folder, "arcs")
            graphs.clear()
            call = lambda: graphs.update({(is_directed, False): simplify(build(n, *ends, is_directed, None))})
        else:
            on = graph(getattr(tasks[task], "directed", False), getattr(tasks[task], "weighted", False))
            forget(on)
            call = lambda: tasks[task](on, count)
        set_threads(count)
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

    all_tasks = [*(BUILDS if simplify else ()), *tasks]
    say({"tool": name, "version": version, "threads": threads, "tasks": all_tasks,
         "threaded": all_tasks if threaded is None else [task for task in tasks if task.startswith(threaded)]})
    for request in sys.stdin:
        asked = json.loads(request)
        try:
            say(run(asked["task"], asked["threads"]))
        except Exception as error:  # a peer that cannot is left out, with its own words
            say({"error": f"{type(error).__name__}: {error}"[:200]})
