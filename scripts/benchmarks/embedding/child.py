"""One engine in a process of its own: a line of JSON comes in, a line goes out.

Standard output is the engine's to fill; answers go to the file descriptor that --answers names.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine")
    parser.add_argument("--job", required=True, help="JSON of the job")
    parser.add_argument("--table", type=Path, required=True, help="where the cold run writes")
    parser.add_argument("--cpus", required=True, help="numbers of the cores, with commas")
    parser.add_argument("--answers", type=int, required=True, help="a file descriptor")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {int(cpu) for cpu in arguments.cpus.split(",")})
    os.set_inheritable(arguments.answers, False)

    from embedding.engines import start
    from embedding.job import Job

    given = json.loads(arguments.job)
    job = Job(Path(given["texts"]), given["size"], given["cores"], Path(given["scratch"]))
    with os.fdopen(arguments.answers, "w", encoding="utf-8") as answers:

        def answer(**values: float) -> None:
            print(json.dumps(values), file=answers, flush=True)

        engine = start(arguments.engine, job)
        engine.write(arguments.table)
        answer(at=time.time())
        for line in sys.stdin:
            if line.strip() == "stop":
                break
            began = time.perf_counter()
            found = engine.collect()
            seconds = time.perf_counter() - began
            work = seconds if found.work is None else found.work
            answer(seconds=work, startup=seconds - work, rows=len(found.table))
        engine.stop()
