"""Another site whose name leads to this machine learns nothing."""

import pytest

from transport.hosts import EVERY_NAME, allowed_hosts, is_allowed


@pytest.mark.parametrize("listening", ["localhost", "127.0.0.1", "127.0.0.2", "::1", "[::1]"])
@pytest.mark.parametrize("host", ["localhost:8050", "127.0.0.1", "[::1]:8050", "LOCALHOST"])
def test_a_server_on_loopback_answers_to_its_own_names(listening: str, host: str) -> None:
    assert is_allowed(host, allowed_hosts(listening))


def test_it_answers_to_the_loopback_address_it_was_given() -> None:
    assert is_allowed("127.0.0.2:8050", allowed_hosts("127.0.0.2"))


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::"])
def test_it_answers_to_no_other_name(host: str) -> None:
    assert not is_allowed(host, allowed_hosts("127.0.0.1"))


@pytest.mark.parametrize("listening", ["0.0.0.0", "10.1.2.3", "vigie.example"])  # noqa: S104 - compared, not listened on
def test_a_server_for_others_answers_to_every_name(listening: str) -> None:
    assert allowed_hosts(listening) == EVERY_NAME
    assert is_allowed("vigie.example", allowed_hosts(listening))
