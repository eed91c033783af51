"""Everything of `make infra-check`: as many programs at once as there are processors, the longest first. Prints what each printed, and how long it took."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("check.py", "selftest.py", "test_preflight.py", "test_release.py", "test_by_hand.py", "transcript.py")


def run(program):
    """A program, to its end."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, str(HERE / program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return program, done, time.monotonic() - started


def main():
    failed, took = [], {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in as_completed([pool.submit(run, program) for program in PROGRAMS]):
            program, done, seconds = future.result()
            print(f"\n== {program}\n{done.stdout}", end="", flush=True)
            took[program] = seconds
            if done.returncode != 0:
                failed.append(program)
    print("\nseconds: " + ", ".join(f"{program} {took[program]:.0f}" for program in PROGRAMS))
    print(f"infra-check: failed: {', '.join(failed)}" if failed else "infra-check: all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
