"""Names, ports and addresses of an instance."""

import socket
from pathlib import Path

import pytest

from docker.local import PortTakenError, named_instance, private_instance
from docker.local.instance import PORT_VARIABLES
from docker.local.ports import holder, is_taken
from docker.local.service import refuse_taken


def test_no_port_of_dev_is_a_port_of_test() -> None:
    dev, test = named_instance("dev", {}), named_instance("test", {})
    assert not set(vars(dev.ports).values()) & set(vars(test.ports).values())


def test_a_variable_moves_a_port_of_dev_only() -> None:
    moved = {"KAFKA_PORT": "9999"}
    assert named_instance("dev", moved).ports.kafka == 9999
    assert named_instance("test", moved).ports.kafka == PORT_VARIABLES["kafka"][2]


def test_the_test_instance_reads_the_same_names_with_a_prefix() -> None:
    instance = named_instance("test", {"TEST_POSTGRES_PORT": "9998"})
    assert "127.0.0.1:9998/heimdall" in instance.environment()["DATABASE_URL"]


def test_an_unknown_instance_is_refused() -> None:
    with pytest.raises(ValueError, match="dev and test"):
        named_instance("production")


def test_a_taken_port_is_named_with_its_holder_and_the_variable_that_moves_it(tmp_path: Path) -> None:
    instance = private_instance(tmp_path)
    server = socket.create_server(("127.0.0.1", instance.ports.redis))
    with server, pytest.raises(PortTakenError) as refusal:
        refuse_taken(instance, "redis")
    said = str(refusal.value)
    assert str(instance.ports.redis) in said and "(pid " in said and "REDIS_PORT=" in said


def test_a_port_that_is_free_again_is_not_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_taken(port)
    assert not is_taken(port) and holder(port) is None
