"""How to reach a broker and who to be there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ai_server.settings import Settings

Protocol = Literal["5", "3.1.1"]


class TlsFileError(Exception):
    """A TLS file is missing or is not what its setting wants; the message names the setting."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: authorities to trust (None: the system's), and the client's certificate with its key."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return a client context that verifies the broker's certificate and host name.

        Raises:
            TlsFileError: if a file cannot be read, or is not a PEM certificate or an unencrypted key for it.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise TlsFileError(f"MQTT_TLS_CA_FILE={self.ca_file} is no PEM file of certificates: {error}") from None
        if self.cert_file is not None:
            self._load_certificate(context, self.cert_file)
        return context

    def _load_certificate(self, context: ssl.SSLContext, cert_file: Path) -> None:
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(cert_file, self.key_file, password="")
        except (OSError, ssl.SSLError) as error:
            raise TlsFileError(
                f"MQTT_TLS_CERT_FILE={cert_file} and MQTT_TLS_KEY_FILE={self.key_file} are no PEM certificate with "
                f"its unencrypted key: {error}"
            ) from None


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Where the broker is and how to speak to it.

    `client_id` names the persistent session: no two clients may use the same at once. `protocol` "auto" means MQTT 5,
    else 3.1.1. `keepalive` and `session_expiry_s` are seconds; the broker keeps the session that long after the
    connection ends (MQTT 3.1.1 has no such figure: there the broker decides).
    """

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str = "naila-brain"
    keepalive: int = 30
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    session_expiry_s: int = 604_800
    tls: TlsFiles | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> BrokerOptions:
        """Return the options that the settings describe."""
        password = settings.mqtt_password
        tls = TlsFiles(settings.mqtt_tls_ca_file, settings.mqtt_tls_cert_file, settings.mqtt_tls_key_file)
        return cls(
            host=settings.mqtt_host,
            port=settings.mqtt_port,
            username=settings.mqtt_username,
            password=password.get_secret_value() if password is not None else None,
            client_id=settings.mqtt_client_id,
            keepalive=settings.mqtt_keepalive,
            protocol=settings.mqtt_protocol,
            session_expiry_s=settings.mqtt_session_expiry_s,
            tls=tls if settings.mqtt_tls else None,
        )
