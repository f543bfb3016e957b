"""Real mail servers of the tests' own, on loopback: Postfix with TLS and passwords, and its test sink.

Both are started in a folder of their own and end with the test. Nothing leaves: Postfix keeps what is for example.com
in one maildir, and throws away what is for anybody else; but what is for late.example it takes, finds out later that
nobody is there, and sends back to whoever sent it: with an address at post.example, that is the maildir again.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from karibu.messages.tests.tables import Answers, Passwords, answering

ANSWERS = {
    "unknown@example.com": "550 5.1.1 no such user here",
    "blocked@example.com": "554 5.7.1 we do not like you",
    "full@example.com": "552 5.2.2 mailbox full",
    "grey@example.com": "451 4.7.1 try again later",
}
_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/mail.log
maillog_file_prefixes = /
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mydestination =
alias_maps =
local_recipient_maps =
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = discard:
virtual_mailbox_domains = example.com, post.example
virtual_alias_maps = inline:{{ {{@late.example = nobody@gone.example}} }}
transport_maps = inline:{{ {{gone.example = error:5.1.1 there is nobody of this name any more}} }}
virtual_mailbox_base = {home}
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = check_recipient_access tcp:127.0.0.1:{answers}, permit_mynetworks, reject
smtpd_tls_chain_files = {home}/etc/server.pem
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{passwords}
smtpd_tls_auth_only = yes
"""
_SERVICES = """
postlog unix-dgram n - n - 1 postlogd
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{auth_port} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """Where a program of Postfix is; empty where it is not installed. Not every user's PATH has sbin."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") or ""


def _is_running(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def _built_in(setting: str) -> str:
    command = [program("postconf"), "-dh", setting]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    """Until it is true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that other users may enter: the servers give up root."""
    with tempfile.TemporaryDirectory(prefix="karibu-mail-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@dataclass
class Sink:
    """smtp-sink: takes everything, keeps each completed message in a file. `options` are its own."""

    home: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [program("smtp-sink"), *user, "-d", f"{self.home}/m.", *self.options, f"127.0.0.1:{self.port}", "64"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        wait_for(lambda: _answers(self.port))

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def taken(self) -> Counter[str]:
        """{recipient: how many messages it was said yes to}."""
        found: Counter[str] = Counter()
        for file in self.home.glob("m.*"):
            for line in file.read_text(errors="replace").splitlines()[:6]:
                if line.startswith("X-Rcpt-Args: <"):
                    found[line[14:].partition(">")[0]] += 1
        return found


@contextmanager
def sink(*options: str) -> Iterator[Sink]:
    with _folder() as home:
        home.chmod(0o777)
        made = Sink(home=home, options=options)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@dataclass
class Postfix:
    """A whole Postfix. `port` offers STARTTLS, `tls_port` is TLS from the start, `auth_port` wants a password."""

    home: Path
    passwords: int  # where it asks about them
    answers: int  # where it asks what to say to a recipient
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    auth_port: int = field(default_factory=free_port)
    says: dict[str, str] = field(default_factory=dict)  # to whom what; a test may change it at any time
    process: subprocess.Popen[bytes] | None = None

    @property
    def ca(self) -> Path:
        return self.home / "etc/ca.pem"

    def prepare(self) -> None:
        nobody, owner = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        for name in ("etc", "spool", "data", "box"):
            (self.home / name).mkdir(mode=0o755)
        os.chown(self.home / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.home / "box", nobody.pw_uid, nobody.pw_gid)
        main = _MAIN.format(
            home=self.home,
            daemons=_built_in("daemon_directory"),
            commands=_built_in("command_directory"),
            uid=nobody.pw_uid,
            gid=nobody.pw_gid,
            passwords=self.passwords,
            answers=self.answers,
        )
        (self.home / "etc/main.cf").write_text(main)
        ports = {"port": self.port, "tls_port": self.tls_port, "auth_port": self.auth_port}
        (self.home / "etc/master.cf").write_text(_SERVICES.format(**ports))

    def start(self) -> None:
        command = [program("postfix"), "-c", str(self.home / "etc"), "start-fg"]
        said = (self.home / "start.log").open("wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait_for(lambda: _answers(self.port))

    def stop(self) -> None:
        """The process that was started is a shell around the master, which leads a session of its own."""
        if self.process:
            master = int((self.home / "spool/pid/master.pid").read_text())
            os.kill(master, signal.SIGTERM)
            self.process.wait(60)
            wait_for(lambda: not _is_running(master))
            self.process = None

    def connections(self) -> int:
        return (self.home / "mail.log").read_text(errors="replace").count(": connect from")

    def delivered(self, expected: int = 0) -> Counter[str]:
        """{recipient: how many messages lie in the mailbox}, once the queue is empty and so many are there."""
        wait_for(lambda: not self._queued() and sum(1 for _ in self._files()) >= expected)
        return Counter(self._recipient(file) for file in self._files())

    def mails(self, domain: str) -> list[bytes]:
        """What lies in the mailbox for this domain, as it came."""
        return [file.read_bytes() for file in sorted(self._files()) if self._recipient(file).endswith(f"@{domain}")]

    def forget(self) -> None:
        """Empties the mailbox."""
        self.delivered()
        for file in self._files():
            file.unlink()

    def _files(self) -> Iterator[Path]:
        return (self.home / "box/new").glob("*")

    def _queued(self) -> bool:
        queues = ("incoming", "active", "maildrop", "deferred")
        return any(file.is_file() for name in queues for file in (self.home / "spool" / name).rglob("*"))

    @staticmethod
    def _recipient(file: Path) -> str:
        with file.open(errors="replace") as text:
            return next(line[14:].strip() for line in text if line.startswith("Delivered-To: "))


@contextmanager
def postfix(chain: tuple[bytes, bytes]) -> Iterator[Postfix]:
    """`chain`: the server's key and certificate as one PEM, and the authority's certificate."""
    says = dict(ANSWERS)
    with _folder() as home, answering(Passwords, {"shop": "s:cret/"}) as first, answering(Answers, says) as second:
        made = Postfix(home=home, passwords=first, answers=second, says=says)
        made.prepare()
        (home / "etc/server.pem").write_bytes(chain[0])
        (home / "etc/server.pem").chmod(0o600)
        made.ca.write_bytes(chain[1])
        try:
            made.start()
            yield made
        finally:
            made.stop()
