"""A PostgreSQL 15 of the test's own: a temporary folder, a UNIX socket, nothing else."""

import os
import pathlib
import pwd
import shutil
import signal
import tempfile

from .programs import Program, run
from .waiting import until

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "Pgs-Wort-kw7e4v"


class PostgreSQL:
    """It may be stopped and started again; its data stay."""

    def __init__(self):
        if not (PROGRAMS / "postgres").exists():
            raise SystemExit("PostgreSQL 15 is missing: apt-get install postgresql-15")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="service-pg-", dir="/tmp"))
        self._program = None
        self._user = []
        if os.getuid() == 0:
            # PostgreSQL refuses root.
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._user = [
                "setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups",
                "--"]
        self.conninfo = (
            f"host={self.folder} user=drawbridge dbname=postgres password={PASSWORD}")

    def __enter__(self):
        try:
            secret = self.folder / "password"
            secret.write_text(PASSWORD)
            secret.chmod(0o644)
            self._run("initdb", "-D", f"{self.folder}/data", "-U", "drawbridge", "-E", "UTF8",
                      "-A", "scram-sha-256", "--pwfile", str(secret), "--no-sync")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self._program = Program(
            [*self._user, str(PROGRAMS / "postgres"), "-D", f"{self.folder}/data",
             "-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "max_connections=60"], "PostgreSQL", folder="/tmp")
        until(self._answers, "PostgreSQL answers")

    def stop(self, number=signal.SIGINT):
        """SIGINT cuts the connections and ends in order; SIGQUIT is its crash."""
        if self._program:
            self._program.stop(number)
            self._program = None

    def _answers(self):
        return run([str(PROGRAMS / "pg_isready"), "-q", "-h", str(self.folder)])[0] == 0

    def _run(self, name, *arguments):
        code, text = run([*self._user, str(PROGRAMS / name), *arguments])
        if code != 0:
            raise RuntimeError(f"{name} ended with {code}: {text}")
