"""A small IMAP server of the tests' own, on loopback (RFC 9051): as much of it as a reader of one mailbox asks."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """`mails` by UID. `asked` are the UIDs that were fetched."""

    port: int = 0
    validity: int = 1
    password: str = "s:cret"
    mails: dict[int, bytes] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def comes(self, *mails: bytes) -> None:
        for mail in mails:
            self.mails[max(self.mails, default=0) + 1] = mail


class Session(socketserver.StreamRequestHandler):
    box: Mailbox

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            verb = rest.upper()
            if verb.startswith("LOGIN"):
                good = rest.endswith(f'"{self.box.password}"')
                self.wfile.write(f"{tag} {'OK in' if good else 'NO wrong password'}\r\n".encode())
            elif verb.startswith(("SELECT", "EXAMINE")):
                self.wfile.write(f"* {len(self.box.mails)} EXISTS\r\n".encode())
                self.wfile.write(
                    f"* OK [UIDVALIDITY {self.box.validity}] valid\r\n{tag} OK [READ-ONLY] open\r\n".encode()
                )
            elif verb.startswith("UID SEARCH"):
                self.search(tag, int(re.search(r"UID (\d+):\*", rest)[1]))
            elif verb.startswith("UID FETCH"):
                self.fetch(tag, int(re.search(r"FETCH (\d+)", rest)[1]))
            else:
                self.wfile.write(f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode())

    def search(self, tag: str, first: int) -> None:
        last = max(self.box.mails, default=0)
        found = [uid for uid in self.box.mails if uid >= min(first, last)]  # `*` is always the last one
        self.wfile.write(f"* SEARCH {' '.join(map(str, found))}\r\n{tag} OK found\r\n".encode())

    def fetch(self, tag: str, uid: int) -> None:
        self.box.asked.append(uid)
        if mail := self.box.mails.get(uid):
            self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")
        self.wfile.write(f"{tag} OK fetched\r\n".encode())


@contextmanager
def imap() -> Iterator[Mailbox]:
    box = Mailbox()
    handler = type("Here", (Session,), {"box": box})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()
