"""How to log in to Kafka, told in librdkafka's properties and used by another client."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.errors import ConfigurationError

PROTOCOLS = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
KNOWN = frozenset(
    {
        "security.protocol",
        *("sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password"),
        *("ssl.ca.location", "ssl.certificate.location"),
        *("ssl.key.location", "ssl.key.password"),
    }
)


@dataclass(frozen=True, slots=True)
class Login:
    """What a client needs to log in; nothing of it for a broker that asks for nothing."""

    context: ssl.SSLContext | None = None
    mechanism: str | None = None
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Login(mechanism={self.mechanism!r})"  # the password stays out of every log


def read_login(client: Mapping[str, str]) -> Login:
    """The login that ``VIGIE_KAFKA__CLIENT`` describes; what is not about it is left out.

    Raises:
        ConfigurationError: a property is not understood here, or a file cannot be read.
    """
    strange = [name for name in client if name.startswith(("ssl.", "sasl.")) and name not in KNOWN]
    if strange:
        raise ConfigurationError(
            f"The statistics do not understand {strange[0]} of VIGIE_KAFKA__CLIENT: they log in by"
            f" {', '.join(sorted(KNOWN))} only. Run them beside a listener that needs no more."
        )
    protocol = client.get("security.protocol", "plaintext").lower()
    if protocol not in PROTOCOLS:
        raise ConfigurationError(
            f"security.protocol of VIGIE_KAFKA__CLIENT is {protocol!r}; known are"
            f" {', '.join(PROTOCOLS)}."
        )
    context = _context(client) if protocol.endswith("ssl") else None
    if not protocol.startswith("sasl"):
        return Login(context)
    mechanism = client.get("sasl.mechanisms") or client.get("sasl.mechanism") or "PLAIN"
    if mechanism not in MECHANISMS:
        raise ConfigurationError(
            f"sasl.mechanisms of VIGIE_KAFKA__CLIENT is {mechanism!r}; the statistics know"
            f" {', '.join(MECHANISMS)}."
        )
    return Login(context, mechanism, client.get("sasl.username"), client.get("sasl.password"))


def _context(client: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=client.get("ssl.ca.location"))
        if certificate := client.get("ssl.certificate.location"):
            key, password = client.get("ssl.key.location"), client.get("ssl.key.password")
            context.load_cert_chain(certificate, key, password)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"A certificate or key that VIGIE_KAFKA__CLIENT names cannot be read: {error}. Check"
            " ssl.ca.location, ssl.certificate.location and ssl.key.location."
        ) from error
    return context
