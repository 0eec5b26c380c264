"""Starts Arize Phoenix as its own command does, but for one thing: its gRPC port, which it would
open on every address of the machine, is opened on loopback. Ports and folder come by
environment."""

import sys

from grpc.aio import Server
from phoenix.server.main import main

add_port = Server.add_insecure_port


def add_port_on_loopback(server, address):
    return add_port(server, address.replace("[::]", "127.0.0.1"))


Server.add_insecure_port = add_port_on_loopback
sys.argv = ["phoenix", "serve"]
main()
