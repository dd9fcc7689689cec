"""Every setting, typed, from the environment and `.env`; wrong ones are reported all together."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ai_server import resources

_PREFIXES = ("MQTT_", "LLM_", "NAILA_")
_SECRETS = frozenset({"mqtt_password", "naila_database_url"})
_SECRET_FILES = frozenset({"mqtt_tls_key_file", "naila_database_key_file"})


class SettingsError(Exception):
    """One or more settings are wrong; `problems` holds a line for each, ready to print."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _unset_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _none_if_auto(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in {"auto", ""} else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _server_url(value: object) -> object:
    if isinstance(value, str) and value.strip() and not value.strip().startswith(("postgresql://", "postgres://")):
        raise ValueError("this is no URL of a PostgreSQL server")
    return _unset_if_blank(value)


OptionalText = Annotated[str | None, BeforeValidator(_unset_if_blank)]
OptionalPath = Annotated[Path | None, BeforeValidator(_unset_if_blank)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_unset_if_blank)]
DatabaseUrl = Annotated[SecretStr | None, BeforeValidator(_server_url)]
Threads = Annotated[Annotated[int, Field(ge=1, le=1024)] | None, BeforeValidator(_none_if_auto)]
Layers = Annotated[Annotated[int, Field(ge=0, le=1000)] | None, BeforeValidator(_none_if_auto)]
Replies = Annotated[Annotated[int, Field(ge=1, le=64)] | None, BeforeValidator(_none_if_auto)]
Cells = Annotated[Annotated[int, Field(ge=512, le=4_194_304)] | None, BeforeValidator(_none_if_auto)]
Mebibytes = Annotated[Annotated[int, Field(ge=0, le=1_048_576)] | None, BeforeValidator(_none_if_auto)]
Seed = Annotated[Annotated[int, Field(ge=0, le=2**32 - 2)] | None, BeforeValidator(_none_if_auto)]
KvType = Annotated[Literal["f16", "q8_0", "q4_0"] | None, BeforeValidator(_none_if_auto)]


def _setting(default: Any, allowed: str, **constraints: Any) -> Any:
    return Field(default, description=allowed, **constraints)


class Settings(BaseSettings):
    """The settings of one daemon.

    A field's name in capitals is its environment variable. Its description says what is allowed, with unit and range.
    `None` means automatic or unset; `0` and `0.0` are values.
    """

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", extra="ignore", frozen=True, validate_default=False, hide_input_in_errors=True
    )

    mqtt_host: str = _setting("localhost", "the broker's host name or address", min_length=1)
    mqtt_port: int = _setting(1883, "a whole number from 1 to 65535", ge=1, le=65535)
    mqtt_username: OptionalText = _setting(None, "a user name, or empty for none")
    mqtt_password: OptionalSecret = _setting(None, "a password, or empty for none; needs MQTT_USERNAME")
    mqtt_client_id: str = _setting(
        "naila-brain", "1 to 64 of the characters A-Z a-z 0-9 _ -", pattern=r"^[A-Za-z0-9_-]{1,64}$"
    )
    mqtt_keepalive: int = _setting(30, "seconds, a whole number from 5 to 3600", ge=5, le=3600)
    mqtt_protocol: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_lower)] = _setting(
        "auto", "auto (MQTT 5, else 3.1.1), 5 or 3.1.1"
    )
    mqtt_session_expiry_s: int = _setting(
        604_800, "seconds that the broker keeps the session, a whole number from 0 to 4294967294", ge=0, le=2**32 - 2
    )
    mqtt_tls: bool = _setting(default=False, allowed="true or false")
    mqtt_tls_ca_file: OptionalPath = _setting(None, "a PEM file, or empty for the system's authorities")
    mqtt_tls_cert_file: OptionalPath = _setting(None, "a PEM file, or empty for no client certificate")
    mqtt_tls_key_file: OptionalPath = _setting(None, "a PEM file; goes with MQTT_TLS_CERT_FILE")

    llm_model_path: OptionalPath = _setting(
        None, "a GGUF file, empty for the embedded model, or none to answer by the fallback alone"
    )
    llm_context_size: int = _setting(4096, "tokens, a whole number from 512 to 131072", ge=512, le=131_072)
    llm_max_tokens: int = _setting(512, "tokens, a whole number from 1 to 8192", ge=1, le=8192)
    llm_temperature: float = _setting(0.7, "a number from 0 (always the likeliest word) to 2", ge=0, le=2)
    llm_top_p: float = _setting(0.9, "a number above 0, up to 1 (off)", gt=0, le=1)
    llm_top_k: int = _setting(40, "tokens, a whole number from 0 (off) to 100000", ge=0, le=100_000)
    llm_min_p: float = _setting(0, "a number from 0 (off) to 1", ge=0, le=1)
    llm_repetition_penalty: float = _setting(1, "a number from 1 (off) to 2", ge=1, le=2)
    llm_seed: Seed = _setting(None, "a whole number from 0 to 4294967294, or auto for another one each time")
    llm_threads: Threads = _setting(None, "a whole number from 1 to 1024, or auto")
    llm_gpu_layers: Layers = _setting(None, "a whole number from 0 (none) to 1000, or auto")
    llm_batch_size: int = _setting(512, "tokens, a whole number from 32 to 4096", ge=32, le=4096)
    llm_kv_type: KvType = _setting(None, "f16, q8_0 or q4_0, or auto")
    llm_kv_cells: Cells = _setting(
        None, "tokens, a whole number from 512 to 4194304, at least LLM_CONTEXT_SIZE, or auto"
    )
    llm_grammar: bool = _setting(default=True, allowed="true or false")
    llm_parallel: Replies = _setting(None, "replies, a whole number from 1 to 64, or auto")
    llm_step_budget_ms: float = _setting(100, "milliseconds, a number from 1 to 10000", ge=1, le=10_000)
    llm_spill_mb: Mebibytes = _setting(None, "mebibytes, a whole number from 0 (off) to 1048576, or auto")
    llm_spill_disk_mb: int = _setting(1024, "mebibytes, a whole number from 0 (off) to 1048576", ge=0, le=1_048_576)
    llm_hang_timeout_s: float = _setting(30, "seconds, a number from 1 to 600", ge=1, le=600)

    naila_data_dir: Path = _setting(Path("~/.local/share/naila"), "a directory that the daemon may write to")
    naila_backup_dir: OptionalPath = _setting(
        None, "a directory for backups of the database; empty for one beside NAILA_DATA_DIR, with `-backups` added"
    )
    naila_cache_dir: OptionalPath = _setting(
        None, "a directory for what can be made again; empty for `cache` in NAILA_DATA_DIR"
    )
    naila_config_dir: OptionalPath = _setting(None, "a directory laid out as config/, or empty for the shipped one")
    naila_persona: str = _setting(
        "naila", "the name of a file in personas/, without .toml", pattern=r"^[A-Za-z0-9_-]{1,64}$"
    )
    naila_log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = _setting(
        "info", "debug, info, warning or error"
    )
    naila_log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = _setting(
        "console", "console or json"
    )
    naila_metrics_interval_s: float = _setting(10, "seconds, a number from 0.1 to 3600", ge=0.1, le=3600)
    naila_drain_timeout_s: float = _setting(10, "seconds, a number from 0 to 600", ge=0, le=600)
    naila_reply_timeout_s: float = _setting(120, "seconds, a number from 1 to 3600", ge=1, le=3600)
    naila_history_tokens: int = _setting(1024, "tokens, a whole number from 0 (none) to 100000", ge=0, le=100_000)
    naila_database_url: DatabaseUrl = _setting(
        None, "postgresql://USER@HOST:PORT/DATABASE for a PostgreSQL server, or empty for a file in NAILA_DATA_DIR"
    )
    naila_database_key_file: OptionalPath = _setting(
        None, "a file that holds 64 hexadecimal digits, the key of the database; empty for no encryption"
    )
    naila_known_tokens: int = _setting(
        256, "tokens of what is known of a person, a whole number from 0 (none) to 10000", ge=0, le=10_000
    )
    naila_conversation_pause_min: float = _setting(
        30, "minutes after which a new conversation begins, a number from 1 to 10080", ge=1, le=10_080
    )
    naila_max_facts: int = _setting(500, "facts of a person, a whole number from 1 to 100000", ge=1, le=100_000)
    naila_embedding_model: OptionalPath = _setting(
        None, "a GGUF file of an embedding model, llm for the model that answers, or empty to find by words alone"
    )
    naila_personality: bool = _setting(default=True, allowed="true or false: whether robots adapt to how people speak")
    naila_mask_stored: bool = _setting(
        default=False, allowed="true or false: whether e-mail addresses, numbers of phones and cards are stored masked"
    )
    naila_retention_days: int = _setting(
        365, "days that what was said is kept, a whole number from 0 (for ever) to 36500", ge=0, le=36_500
    )
    naila_database_mb: int = _setting(512, "mebibytes, a whole number from 8 to 1048576", ge=8, le=1_048_576)
    naila_queue_per_device: int = _setting(8, "utterances, a whole number from 1 to 1000", ge=1, le=1000)
    naila_queue_total: int = _setting(256, "utterances, a whole number from 1 to 100000", ge=1, le=100_000)
    naila_max_payload_bytes: int = _setting(65_536, "bytes, a whole number from 1024 to 1048576", ge=1024, le=1_048_576)
    naila_max_nesting: int = _setting(8, "levels, a whole number from 7 to 64", ge=7, le=64)
    naila_max_robots: int = _setting(1024, "robots, a whole number from 1 to 100000", ge=1, le=100_000)
    naila_max_sensors: int = _setting(32, "sensor types, a whole number from 1 to 1000", ge=1, le=1000)
    naila_rate_per_device: float = _setting(10, "messages a second, a number from 0.1 to 10000", ge=0.1, le=10_000)
    naila_sensor_rate_per_device: float = _setting(
        200, "readings a second, a number from 0.1 to 100000", ge=0.1, le=100_000
    )

    naila_max_actions: int = _setting(25, "actions, a whole number from 1 to 100", ge=1, le=100)
    naila_max_actions_per_reply: int = _setting(3, "actions, a whole number from 0 (none) to 10", ge=0, le=10)
    naila_action_rate: float = _setting(5, "actions a second, a number from 0.1 to 1000", ge=0.1, le=1000)
    naila_action_ttl_s: float = _setting(30, "seconds, a number from 1 to 3600", ge=1, le=3600)
    naila_max_reminders: int = _setting(
        50, "timers, alarms and reminders of a robot, a whole number from 1 to 1000", ge=1, le=1000
    )
    naila_weather: bool = _setting(
        default=False, allowed="true or false: whether Open-Meteo may be asked for the weather"
    )
    naila_weather_url: str = _setting(
        "https://api.open-meteo.com/v1/forecast",
        "a URL: where Open-Meteo's forecasts are asked for",
        pattern="^https?://",
    )
    naila_geocoding_url: str = _setting(
        "https://geocoding-api.open-meteo.com/v1/search",
        "a URL: where Open-Meteo is asked for the names of places",
        pattern="^https?://",
    )
    naila_location: OptionalText = _setting(
        None, "a place's name, or latitude and longitude as 52.5,13.4: where the host is; empty where unknown"
    )
    naila_heard_confidence: float = _setting(
        0.4, "a number from 0 to 1: what a transcript is less sure of is asked again; 0 for never", ge=0, le=1
    )

    @model_validator(mode="after")
    def _go_together(self) -> Settings:
        if self.mqtt_password is not None and self.mqtt_username is None:
            raise ValueError("MQTT_PASSWORD is set but MQTT_USERNAME is not: set both, or neither")
        if (self.mqtt_tls_cert_file is None) != (self.mqtt_tls_key_file is None):
            raise ValueError("MQTT_TLS_CERT_FILE and MQTT_TLS_KEY_FILE go together: set both, or neither")
        if self.explicit("llm_context_size") and (self.llm_kv_cells or self.llm_context_size) < self.llm_context_size:
            raise ValueError(
                f"LLM_KV_CELLS={self.llm_kv_cells} is less than LLM_CONTEXT_SIZE={self.llm_context_size}: "
                "the KV cache must hold one conversation"
            )
        return self

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute."""
        return self.naila_data_dir.expanduser().absolute()

    @property
    def spill_dir(self) -> Path:
        """The directory in which the engine keeps conversations that it has no room for, absolute."""
        return self.data_dir / "kv-cache"

    @property
    def cache_dir(self) -> Path:
        """The directory for what can be made again, absolute."""
        return (self.naila_cache_dir or self.data_dir / "cache").expanduser().absolute()

    @property
    def embedding_model(self) -> Path | None:
        """The file of the embedding model; None where there is none."""
        return self.model_path if str(self.naila_embedding_model) == "llm" else self.naila_embedding_model

    @property
    def backup_dir(self) -> Path:
        """The directory for backups, absolute: outside of the data directory, where nothing forgotten may stay."""
        beside = self.data_dir.with_name(f"{self.data_dir.name}-backups")
        return (self.naila_backup_dir or beside).expanduser().absolute()

    @property
    def database(self) -> Path:
        """The database file, absolute."""
        return self.data_dir / "naila.db"

    @property
    def database_key_file(self) -> Path | None:
        """The file of the database's key, absolute; None where it is not encrypted."""
        file = self.naila_database_key_file
        return file and file.expanduser().absolute()

    @property
    def config_dir(self) -> Path:
        """The directory with prompts, personas and phrases, absolute."""
        return (self.naila_config_dir or resources.config_dir()).expanduser().absolute()

    @property
    def model_path(self) -> Path | None:
        """The GGUF file to load, absolute; None where the fallback is to answer alone."""
        if self.llm_model_path is None:
            return resources.embedded_model()
        if str(self.llm_model_path).lower() == "none":
            return None
        return self.llm_model_path.expanduser().absolute()

    def explicit(self, field: str) -> bool:
        """Say whether somebody set this field (by its lower-case name), rather than leaving its default."""
        return field in self.model_fields_set


def load_settings(env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Read the settings from the environment, then `env_file` where it exists; `overrides` win over both.

    Secrets that neither of them gives come from `CREDENTIALS_DIRECTORY`, where systemd's `LoadCredential=` puts them:
    `mqtt_password` and `naila_database_url` hold the value, `mqtt_tls_key_file` and `naila_database_key_file` are the
    key's file itself.

    Raises:
        SettingsError: with one line for each wrong value and each unknown name in `env_file`.
    """
    in_file = _read_env_file(env_file)
    overrides = {**_credentials({**in_file, **_environment()}), **overrides}
    problems = [_unknown(name, env_file) for name in in_file if name.startswith(_PREFIXES) and not _known(name)]
    try:
        settings = Settings(_env_file=env_file if in_file else None, **overrides)
    except ValidationError as error:
        given = {**in_file, **_environment(), **{k.upper(): v for k, v in overrides.items()}}
        raise SettingsError(problems + [_explain(detail, given) for detail in error.errors()]) from None
    if problems:
        raise SettingsError(problems)
    return settings


def _read_env_file(env_file: Path | None) -> dict[str, str | None]:
    if env_file is None:
        return {}
    try:
        return {name.upper(): value for name, value in dotenv_values(env_file, encoding="utf-8").items()}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{env_file} cannot be read as UTF-8 text: {error}"]) from None


def _environment() -> Mapping[str, str]:
    return {name.upper(): value for name, value in os.environ.items()}


def _credentials(given: Mapping[str, str | None]) -> dict[str, str]:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return {}
    credentials = {}
    for field in sorted(_SECRETS | _SECRET_FILES):
        file = Path(directory, field)
        if file.exists() and not given.get(field.upper()):
            credentials[field] = _read_credential(file) if field in _SECRETS else str(file)
    return credentials


def _read_credential(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"the credential {file} cannot be read as UTF-8 text: {error}"]) from None


def _known(name: str) -> bool:
    return name.lower() in Settings.model_fields


def _unknown(name: str, env_file: Path | None) -> str:
    names = [field.upper() for field in Settings.model_fields]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; .env.example lists the settings"
    return f"{name} in {env_file} is not a setting{hint}"


def _explain(detail: Any, given: Mapping[str, object]) -> str:
    if not detail["loc"]:
        return str(detail["ctx"]["error"])
    field = str(detail["loc"][0]).lower()
    name = field.upper()
    value = "********" if field in _SECRETS else given.get(name)
    return f"{name}={value!r} is not allowed: {Settings.model_fields[field].description}"
