"""Who carries SMS."""

from types import ModuleType

from karibu.messages.channels.connecting import Provider
from karibu.messages.channels.models import Account
from karibu.messages.channels.sms.providers import africastalking, twilio, vonage

_MODULES = {"twilio": twilio, "africastalking": africastalking, "vonage": vonage}
PROVIDERS: list[Provider] = [module.PROVIDER for module in _MODULES.values()]


def provider(account: Account) -> ModuleType:
    return _MODULES[account.provider]
