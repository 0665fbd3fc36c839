"""librdkafka's properties, as the statistics' client understands them."""

from __future__ import annotations

import ssl

import pytest

from consumers.statistics.login import Login, read_login
from schemas.errors import ConfigurationError


def test_a_broker_that_asks_for_nothing_gets_nothing():
    assert read_login({"socket.keepalive.enable": "true"}) == Login()


def test_a_password_is_used_and_never_printed():
    login = read_login(
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-256",
            "sasl.username": "vigie",
            "sasl.password": "secret",
        }
    )

    assert (login.mechanism, login.username, login.password) == ("SCRAM-SHA-256", "vigie", "secret")
    assert login.context is not None
    assert login.context.verify_mode is ssl.CERT_REQUIRED
    assert "secret" not in repr(login)


@pytest.mark.parametrize(
    ("client", "named"),
    [
        ({"security.protocol": "kerberos"}, "security.protocol"),
        ({"sasl.oauthbearer.config": "x"}, "sasl.oauthbearer.config"),
        ({"security.protocol": "sasl_plaintext", "sasl.mechanisms": "GSSAPI"}, "GSSAPI"),
        ({"security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"}, "ssl.ca.location"),
    ],
)
def test_what_is_not_understood_is_named(client, named):
    with pytest.raises(ConfigurationError, match=named):
        read_login(client)
