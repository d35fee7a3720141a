"""A gRPC service of bytes, with TLS: every kind of call, and what may go wrong with one. Prints its port."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

SERVICE = "test.Calls"
PATIENCE = 20

cancelled = threading.Event()


def echo(request, context):
    """Answers with the request; says in trailers what it has seen of the call."""
    seen = dict(context.invocation_metadata())
    context.send_initial_metadata((("first", "head"),))
    context.set_trailing_metadata(
        (("length", str(len(request))), ("key", seen.get("x-api-key", "")), ("binary-bin", bytes(range(256))))
    )
    return request


def count(request, _context):
    """Answers with the numbers up to the one that it is asked for."""
    for number in range(int(request)):
        yield str(number).encode()


def add(requests, _context):
    """Answers with the length of all that it was sent."""
    return str(sum(len(request) for request in requests)).encode()


def converse(requests, _context):
    """Answers each message before it reads the next."""
    for request in requests:
        yield request[::-1]


def fail(_request, context):
    context.set_trailing_metadata((("why", "because"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: ü")


def fail_late(_request, context):
    yield b"begun"
    context.abort(grpc.StatusCode.DATA_LOSS, "the rest is gone")


def stall(_request, context):
    """Says something, and no more until its client has gone."""
    context.add_callback(cancelled.set)
    yield b"begun"
    cancelled.wait(PATIENCE)


def was_cancelled(_request, _context):
    """Whether a call that stalled has heard that its client has gone."""
    heard = cancelled.wait(PATIENCE)
    cancelled.clear()
    return str(heard).encode()


def main():
    chain, key = (open(path, "rb").read() for path in sys.argv[1:3])
    calls = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Add": grpc.stream_unary_rpc_method_handler(add),
        "Converse": grpc.stream_stream_rpc_method_handler(converse),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "FailLate": grpc.unary_stream_rpc_method_handler(fail_late),
        "Stall": grpc.unary_stream_rpc_method_handler(stall),
        "WasCancelled": grpc.unary_unary_rpc_method_handler(was_cancelled),
    }
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, calls),))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)]))
    server.start()
    print(port, flush=True)
    # Until whoever started it closes its standard input.
    sys.stdin.read()
    server.stop(None)


main()
