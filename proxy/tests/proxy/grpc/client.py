"""Makes every kind of gRPC call to a host, through the proxy of its environment, and tells as JSON how each went."""

import json
import queue
import sys

import grpc

SERVICE = "test.Calls"
PATIENCE = 20
LARGE = 16 * 1024 * 1024


def told(error):
    """How a call failed."""
    return [error.code().name, error.details()]


def tell(call):
    """What a call returns, or how it failed."""
    try:
        return call()
    except grpc.RpcError as error:
        return told(error)


class Calls:
    """The service as a client sees it."""

    def __init__(self, channel):
        self.channel = channel

    def path(self, name):
        return f"/{SERVICE}/{name}"

    def one(self, name, request=b"", **options):
        return self.channel.unary_unary(self.path(name))(request, timeout=options.pop("timeout", PATIENCE), **options)

    def many(self, name, request=b"", **options):
        return self.channel.unary_stream(self.path(name))(request, timeout=options.pop("timeout", PATIENCE), **options)

    def echo(self):
        call = self.channel.unary_unary(self.path("Echo"))
        answer, call = call.with_call(b"hello", timeout=PATIENCE, metadata=(("x-api-key", "placeholder"),))
        head, trailers = dict(call.initial_metadata()), dict(call.trailing_metadata())
        whole = trailers["binary-bin"] == bytes(range(256))
        return [answer.decode(), head["first"], trailers["length"], trailers["key"], whole, call.code().name]

    def large(self):
        """A message of 16 MiB there and back."""
        message = bytes(range(256)) * (LARGE // 256)
        return self.one("Echo", message) == message

    def count(self):
        return [int(number) for number in self.many("Count", b"1000")] == list(range(1000))

    def add(self):
        call = self.channel.stream_unary(self.path("Add"))
        return int(call((b"x" * 1000 for _ in range(1000)), timeout=PATIENCE))

    def converse(self):
        """Sends a message only when the last one was answered, so that nothing may wait for the end of anything."""
        messages = queue.Queue()
        call = self.channel.stream_stream(self.path("Converse"))
        answers = call(iter(messages.get, None), timeout=PATIENCE)
        heard = []
        for message in (b"abc", b"def", b"ghi"):
            messages.put(message)
            heard.append(next(answers).decode())
        messages.put(None)
        return heard + [answer.decode() for answer in answers] + [answers.code().name]

    def fail(self):
        try:
            return self.one("Fail").decode()
        except grpc.RpcError as error:
            return told(error) + [dict(error.trailing_metadata())["why"]]

    def fail_late(self):
        heard = []
        try:
            heard.extend(message.decode() for message in self.many("FailLate"))
        except grpc.RpcError as error:
            return heard + told(error)
        return heard

    def cancel(self):
        """Goes away in the middle of an answer; the host has to hear of that."""
        answers = self.many("Stall")
        first = next(answers).decode()
        answers.cancel()
        return [first, answers.code().name, self.one("WasCancelled").decode()]

    def late(self):
        """Waits for no longer than its deadline."""
        answers = self.many("Stall", timeout=1)
        heard = [next(answers).decode()]
        return heard + tell(lambda: [next(answers).decode()])[:1] + [self.one("WasCancelled").decode()]


def main():
    target, roots, *names = sys.argv[1:]
    credentials = grpc.ssl_channel_credentials(open(roots, "rb").read())
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.secure_channel(target, credentials, options) as channel:
        calls = Calls(channel)
        print(json.dumps({name: tell(getattr(calls, name)) for name in names}))


main()
