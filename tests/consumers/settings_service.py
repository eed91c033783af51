"""A service whose settings come from Secrets Manager by pydantic-settings. Each value is wrapped as `SecretStr(v)`, and the settings are
cached for TTL seconds. With READ_AGAIN set, a worker reads them again when a login is refused, and tries once more."""

import json
import os

import boto3
import login
from cachetools import TTLCache, cached
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

CLIENT = boto3.client("secretsmanager")
NOW = 0.0


class SecretsManager(PydanticBaseSettingsSource):
    def get_field_value(self, field, field_name):
        raise NotImplementedError("all values come at once")

    def __call__(self):
        return {k: SecretStr(v) for k, v in json.loads(login.secret_value(CLIENT)["SecretString"]).items()}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore")
    host: SecretStr
    port: SecretStr
    username: SecretStr
    password: SecretStr
    dbname: SecretStr

    @classmethod
    def settings_customise_sources(cls, settings_cls, **_):
        return (SecretsManager(settings_cls),)


# Each worker has its own. The time is the caller's: nobody waits for a cache to get old.
@cached(TTLCache(maxsize=100, ttl=float(os.environ["TTL"]), timer=lambda: NOW))
def settings(_worker):
    return Settings()


def attempt(worker):
    keys = ("username", "password", "host", "port", "dbname")
    return login.attempt(*(getattr(settings(worker), key).get_secret_value() for key in keys))


def run(now, worker):
    global NOW
    NOW = now
    outcome = attempt(worker)
    yield outcome
    if outcome == "refused" and "READ_AGAIN" in os.environ:
        settings.cache.pop(settings.cache_key(worker))
        yield attempt(worker)


login.answer(run)
