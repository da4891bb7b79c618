#!/usr/bin/env python3
"""Every header compiles alone as pedantic C17; the installed one as C++ too."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ["include", "graph", "engine", "models", "datasets", "api", "server", "bench", "cli"]
C_FLAGS = ["-std=c17", "-pedantic-errors", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
CXX_FLAGS = ["-std=c++11", "-pedantic-errors", "-Wall", "-Wextra", "-Werror"]


def compile_alone(job):
    compiler, language, flags, header = job
    result = subprocess.run(
        [compiler, "-x", language, *flags, "-D_GNU_SOURCE", f"-I{ROOT}", f"-I{ROOT}/include", "-fsyntax-only", header],
        capture_output=True,
        text=True,
        check=False,
    )
    return header, language, result.returncode, result.stderr


def main():
    cc = os.environ.get("CC", "cc")
    cxx = os.environ.get("CXX", "c++")
    headers = [h for room in ROOMS for h in sorted((ROOT / room).rglob("*.h"))]
    jobs = [(cc, "c", C_FLAGS, str(h)) for h in headers]
    if shutil.which(cxx):
        jobs.append((cxx, "c++", CXX_FLAGS, str(ROOT / "include" / "guanxi.h")))
    else:
        print("skipped: no C++ compiler")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, language, code, text in pool.map(compile_alone, jobs):
            if code:
                failed += 1
                print(f"{header} as {language}:\n{text}")
    print(f"headers: {len(jobs)} compiled alone, {failed} failed")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
