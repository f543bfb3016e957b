"""Telegram's Bot API as it answers: always JSON with "ok", errors with a code and a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account
from karibu.messages.tests.servers_http import Request, Said, Server, serving

TOKEN = "7:tok"
BLOCKED = 13  # the chat of somebody who blocked the bot


def bot(numbers: Iterator[int]):  # type: ignore[no-untyped-def]
    def answer(request: Request) -> Said:
        start, _, method = request.path.rpartition("/")
        if start != f"/bot{TOKEN}":
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, {}
        if method == "getMe":
            return 200, {"ok": True, "result": {"id": 7, "is_bot": True, "username": "duka_bot"}}, {}
        if method == "setWebhook":
            return 200, {"ok": True, "result": True, "description": "Webhook was set"}, {}
        assert method == "sendMessage" and request.json["text"]
        if request.json["chat_id"] == BLOCKED:
            said = "Forbidden: bot was blocked by the user"
            return 403, {"ok": False, "error_code": 403, "description": said}, {}
        return 200, {"ok": True, "result": {"message_id": next(numbers), "date": 1}}, {}

    return answer


@contextmanager
def telegram() -> Iterator[tuple[Server, Account]]:
    with serving(bot(count(1))) as server:
        settings = {"bot": "duka_bot", "base_url": server.url}
        account = accounts.draft("telegram", "telegram", settings, {"bot_token": TOKEN})
        yield server, accounts.open_account(account, by="a test")


def written(chat: int, text: str, number: int) -> dict[str, object]:
    who = {"id": chat, "is_bot": False, "first_name": "Amina"}
    message = {"message_id": number, "from": who, "chat": {"id": chat, "type": "private"}, "date": 1_772_000_000}
    return {"update_id": number, "message": {**message, "text": text}}
