from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.proxies import Proxy


@pytest.fixture
def echo_port() -> Iterator[int]:
    """The port of a server that sends back what it gets and closes when its client does."""

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(client,), daemon=True).start()

    def echo(client: socket.socket) -> None:
        with client:
            while data := client.recv(4096):
                client.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def silent(client: socket.socket) -> bool:
    client.settimeout(0.3)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(20)
    return False


def test_what_is_sent_while_the_network_is_cut_arrives_when_it_is_mended(echo_port: int) -> None:
    with Proxy(echo_port) as proxy, connect(proxy) as client:
        client.sendall(b"before")
        assert client.recv(100) == b"before"
        proxy.cut()
        client.sendall(b"while cut")
        assert silent(client)
        proxy.mend()
        assert client.recv(100) == b"while cut"


def test_a_connection_made_while_the_network_is_cut_leads_nowhere_until_it_is_mended(echo_port: int) -> None:
    with Proxy(echo_port) as proxy:
        proxy.cut()
        with connect(proxy) as client:
            client.sendall(b"hello")
            assert silent(client)
            proxy.mend()
            assert client.recv(100) == b"hello"


def test_a_network_that_does_not_accept_leaves_a_connect_waiting(echo_port: int) -> None:
    with Proxy(echo_port) as proxy, connect(proxy) as old:
        proxy.cut(accepting=False)
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)
        proxy.mend()
        old.sendall(b"old")
        assert old.recv(100) == b"old"
        with connect(proxy) as new:
            new.sendall(b"new")
            assert new.recv(100) == b"new"


def test_a_closed_connection_is_closed_on_the_other_side_when_the_network_is_mended(echo_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, Proxy(listener.getsockname()[1]) as proxy:
        client = connect(proxy)
        server, _ = listener.accept()
        with server:
            proxy.cut()
            client.close()
            assert silent(server)
            proxy.mend()
            assert server.recv(1) == b""


def test_a_target_that_is_not_there_closes_the_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with Proxy(port) as proxy, connect(proxy) as client:
        assert client.recv(1) == b""
