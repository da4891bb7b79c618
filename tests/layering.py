#!/usr/bin/env python3
"""Rejects an include that points the wrong way, and a system header in a room that may not have it.

The table is the one of ARCHITECTURE.md: a room may include itself, the rooms named here, and the
libraries named here. A test beside the code may also include cmocka."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

LIBC = {
    "assert", "ctype", "errno", "fcntl", "float", "inttypes", "limits", "math", "poll", "pthread", "sched", "semaphore",
    "setjmp", "signal", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib",
    "string", "strings", "time", "unistd", "dirent", "libgen", "locale", "glob", "ftw", "getopt",
}

BELOW_API = ["graph", "engine", "models", "datasets"]

# room: (rooms it may include, libraries it may include); "api." is the folder alone, without those
# in it
ROOMS = {
    "include": ([], []),
    "graph/base": ([], []),
    "graph/codec": (["graph/base"], ["msgpack", "jansson"]),
    "graph/store": (["graph/base", "graph/codec"], ["lmdb", "xxhash"]),
    "graph/import": (["graph/base", "graph/codec", "graph/store"], ["zlib", "zstd", "xxhash"]),
    "graph/csr": (["graph/base", "graph/store"], ["omp"]),
    "graph/snapshot": (["graph/base", "graph/codec"], ["xxhash"]),
    "graph/pass": (["graph/base", "graph/csr", "graph/snapshot"], ["omp"]),
    "engine": (["graph/base", "graph/csr", "graph/snapshot", "graph/pass"], ["omp", "igraph"]),
    "models": (["graph/base", "graph/csr", "graph/snapshot", "graph/pass"], ["omp", "cblas", "lapacke", "openblas_config"]),
    "datasets": (["graph/base"], ["zlib"]),
    "api": (BELOW_API, ["xxhash"]),
    "api/people": ([*BELOW_API, "api."], []),
    "api/eval": ([*BELOW_API, "api."], ["xxhash"]),
    "api/lists": ([*BELOW_API, "api.", "api/people", "api/eval"], ["xxhash"]),
    "api/build": ([*BELOW_API, "api.", "api/people", "api/eval", "api/lists"], []),
    "api/referral": ([*BELOW_API, "api.", "api/people", "api/eval", "api/build"], ["xxhash"]),
    "api/spread": ([*BELOW_API, "api.", "api/people", "api/eval", "api/lists", "api/build", "api/referral"], []),
    "api/methods": ([*BELOW_API, "api"], ["xxhash"]),
    "server": (["graph/base", "graph/codec", "api"], ["event2", "msgpack"]),
    "bench": (["graph", "engine", "models", "datasets", "api", "server"], ["omp", "igraph", "zlib"]),
    "cli": (["graph", "api", "server", "bench", "datasets"], []),
}

# Headers that only some may see, whatever the rooms say.
SPECIAL = {
    # views come from a store: what is computed never sees it
    "graph/csr/view.h": {"graph/csr", "api", "api/people", "api/build", "bench"},
    "graph/csr/departed.h": {"graph/csr", "api/people"},
}
# igraph is spoken to in one adapter; the benchmark calls it as a peer
IGRAPH_ONLY_IN = {"engine/kernel/igraph_adapter.c", "bench/peer_igraph.c"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    best = None
    for room in ROOMS:
        if path == room or path.startswith(room + "/"):
            if best is None or len(room) > len(best):
                best = room
    return best


def main():
    problems, files = [], 0
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.[ch]")):
            name = file.relative_to(ROOT).as_posix()
            if room_of(name) != room:
                continue
            files += 1
            is_test = name.endswith(("_test.c", "testing.h", "fake_api.h"))
            may, libraries = ROOMS[room]
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, target = match.groups()
                where = f"{name}:{number}"
                if quote == '"':
                    other = room_of(target)
                    if other is None:
                        problems.append(f'{where}: "{target}" is not a path from the root')
                    elif other != room and not is_test and not any(
                        other + "." == m or other == m or other.startswith(m + "/") for m in may
                    ):
                        problems.append(f"{where}: {room} may not include {other}")
                    allowed = SPECIAL.get(target)
                    if allowed and not is_test and room not in allowed:
                        problems.append(f"{where}: only {', '.join(sorted(allowed))} may include {target}")
                    continue
                stem = target.split("/")[0].removesuffix(".h")
                if stem in LIBC or stem in ("sys", "linux", "netinet", "arpa", "guanxi", "immintrin"):
                    continue
                if stem == "omp" and room in ("engine", "models", "graph/csr", "graph/pass", "bench"):
                    continue
                if is_test and stem in ("cmocka", "igraph", "zlib", "lmdb", "zstd", "msgpack", "cblas", "omp"):
                    continue
                if stem == "igraph" and name not in IGRAPH_ONLY_IN:
                    problems.append(f"{where}: igraph is spoken to in {' and '.join(sorted(IGRAPH_ONLY_IN))} only")
                elif stem not in libraries:
                    problems.append(f"{where}: {room} may not include <{target}>")
    for problem in problems:
        print(problem)
    print(f"layering: {files} files, {len(problems)} includes that point the wrong way")
    return 1 if problems or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
