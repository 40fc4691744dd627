"""Which nodes make pairs."""

from __future__ import annotations

from runner.hosts.nodes.pairing import NodeSeen, choose


def server(address: str) -> NodeSeen:
    return NodeSeen(address, serves=True, loads=False)


def loader(address: str) -> NodeSeen:
    return NodeSeen(address, serves=False, loads=True)


def either(address: str) -> NodeSeen:
    return NodeSeen(address, serves=True, loads=True)


def names(*nodes: NodeSeen, generators: int = 1, taken: tuple[str, ...] = ()) -> list[str]:
    return [one.name for one in choose(nodes, generators, taken)]


def test_the_same_nodes_make_the_same_pairs_in_the_order_of_addresses() -> None:
    nodes = [loader("10.0.0.10"), server("10.0.0.9"), loader("10.0.0.2"), server("10.0.0.1")]
    assert names(*nodes) == ["10.0.0.1+10.0.0.2", "10.0.0.9+10.0.0.10"]
    assert names(*reversed(nodes)) == names(*nodes)


def test_a_node_is_in_one_pair_and_never_its_own_partner() -> None:
    assert names(either("10.0.0.1")) == []
    assert names(either("10.0.0.1"), either("10.0.0.2")) == ["10.0.0.1+10.0.0.2"]
    assert names(either("10.0.0.1"), either("10.0.0.2"), either("10.0.0.3")) == ["10.0.0.1+10.0.0.2"]


def test_one_that_may_be_either_is_kept_for_what_is_missing() -> None:
    assert names(either("10.0.0.1"), server("10.0.0.2")) == ["10.0.0.2+10.0.0.1"]
    assert names(either("10.0.0.1"), loader("10.0.0.2")) == ["10.0.0.1+10.0.0.2"]


def test_several_generators_are_of_one_server() -> None:
    nodes = [server("10.0.0.1"), *(loader(f"10.0.0.{n}") for n in (2, 3, 4))]
    assert names(*nodes, generators=2) == ["10.0.0.1+10.0.0.2+10.0.0.3"]
    assert names(*nodes, generators=4) == []


def test_what_is_taken_is_left_alone() -> None:
    nodes = [server("10.0.0.1"), loader("10.0.0.2"), server("10.0.0.3"), loader("10.0.0.4")]
    assert names(*nodes, taken=("10.0.0.1", "10.0.0.2")) == ["10.0.0.3+10.0.0.4"]
