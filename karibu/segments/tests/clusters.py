"""A Spark cluster as shops run them: a master and two workers, each a process of its own, on this machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from karibu.config.testing import missing

STARTING = 60.0  # seconds
# Small enough for a machine that does other things, too; and tiny questions, so that compiling them would take longest.
DEFAULTS = """
spark.driver.bindAddress 127.0.0.1
spark.driver.host 127.0.0.1
spark.driver.memory 768m
spark.executor.memory 512m
spark.executor.cores 1
spark.cores.max 2
spark.sql.shuffle.partitions 2
spark.default.parallelism 2
spark.sql.adaptive.enabled false
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.log.level ERROR
"""


@contextmanager
def cluster(folder: Path, defaults: str = DEFAULTS, memory: str = "600m") -> Iterator[str]:
    """Its address, as KARIBU_ENGINE wants it. Skips loudly without Java or pyspark; all of it ends with the block.

    `defaults` is what its spark-defaults.conf says, `memory` what a worker has for those whom it works for.
    """
    try:
        import pyspark
    except ImportError:
        missing("pyspark (requirements-spark.txt)")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        missing("Java 17 for Spark")
    home = Path(pyspark.__file__).parent
    (folder / "spark-defaults.conf").write_text(defaults)
    port = _free_port()
    address = f"spark://127.0.0.1:{port}"
    roles = [["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]]
    worker = ["worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", memory, "--webui-port", "0"]
    roles += [[*worker, "-d", str(folder / f"work{n}"), address] for n in range(2)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for n, role in enumerate(roles):
            started.append(_start(home, role, folder / f"{n}.log"))
            if n == 0:
                _await(folder / "0.log", "I have been elected leader")
        for n in range(1, len(roles)):
            _await(folder / f"{n}.log", "Successfully registered with master")
        yield address
    finally:
        for process in started[::-1]:
            process.terminate()
            process.wait(20)


def _start(home: Path, role: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        command = [home / "bin/spark-class", "org.apache.spark.deploy." + role[0], *role[1:]]
        environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)


def _await(log: Path, words: str) -> None:
    begun = time.monotonic()
    while words not in log.read_text(errors="replace"):
        if time.monotonic() - begun > STARTING:
            raise TimeoutError(f"Spark did not say {words!r}: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
