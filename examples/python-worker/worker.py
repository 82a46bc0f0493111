"""A Splice worker in Python: frames, calls, streams both ways, cancellation, health and shutdown.

Needs the package msgpack and nothing else. What the functions are is in functions.py; this file is the protocol.
"""

import asyncio
import os
import socket
import struct
import sys
import time
from contextlib import aclosing
from inspect import isasyncgenfunction

import msgpack

from functions import FUNCTIONS

VERSION = 0x10000
STREAMING, CANCELLATION, INPUT_STREAM = 1, 2, 8
MAX_FRAME = 104_857_600
WINDOW = 64
MAX_UNACKED = 1_048_576
CODES = {
    "Handshake": 0x01, "HandshakeAck": 0x02, "Shutdown": 0x03, "ShutdownAck": 0x04,
    "ListExports": 0x10, "ListExportsResult": 0x11,
    "Invoke": 0x20, "InvokeResult": 0x21, "InvokeError": 0x22,
    "StreamStart": 0x30, "StreamChunk": 0x31, "StreamEnd": 0x32, "StreamError": 0x33, "StreamAck": 0x34,
    "Cancel": 0x40, "CancelAck": 0x41, "HealthCheck": 0x60, "HealthStatus": 0x61,
}


class Call:
    """One call under way: what the function sees of it, and the credit of its two streams."""

    def __init__(self, worker, request_id, deadline_ms, context):
        self.worker, self.id, self.context = worker, request_id, context
        self.ends_at = time.monotonic() + deadline_ms / 1000 if deadline_ms else None
        self.began, self.cancelled = time.monotonic(), False
        self.granted, self.unacked, self.moved = WINDOW - 1, {}, asyncio.Event()
        self.arrived, self.input_window = asyncio.Queue(), 0

    def remaining_ms(self):
        return None if self.ends_at is None else max(0, (self.ends_at - time.monotonic()) * 1000)

    async def perform(self, function, params):
        """Runs the function; the terminal message that it earned."""
        if isasyncgenfunction(function):
            return "StreamEnd", self.id, await self.send_stream(function(params, self))
        value = await function(params, self)
        result = b"" if value is None else msgpack.packb(value)
        return "InvokeResult", self.id, result, int((time.monotonic() - self.began) * 1_000_000)

    async def send_stream(self, items):
        """Chunks as far as the reader's credit goes: in number, and in bytes that it has not acknowledged."""
        self.worker.send("StreamStart", self.id, WINDOW)
        sequence = 0
        async with aclosing(items):
            async for item in items:
                data = msgpack.packb(item)
                while sequence > self.granted or self.unacked and sum(self.unacked.values()) + len(data) > MAX_UNACKED:
                    self.moved.clear()
                    await self.moved.wait()
                self.unacked[sequence] = len(data)
                self.worker.send("StreamChunk", self.id, sequence, data)
                await self.worker.writer.drain()
                sequence += 1
        return sequence

    def acknowledged(self, sequence, window):
        self.granted = sequence + window
        self.unacked = {number: size for number, size in self.unacked.items() if number > sequence}
        self.moved.set()

    async def input(self):
        """The values that the caller streams in; what was read is acknowledged, so that more may come."""
        count = size = 0
        while (item := await self.arrived.get()) is not None:
            if isinstance(item, Exception):
                raise item
            sequence, data = item
            count, size = count + 1, size + len(data)
            if count >= max(1, self.input_window // 2) or size >= MAX_UNACKED // 2 or self.arrived.empty():
                self.worker.send("StreamAck", self.id, sequence, self.input_window)
                count = size = 0
            yield msgpack.unpackb(data)


class Worker:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.calls, self.total, self.began = {}, 0, time.monotonic()
        self.draining, self.drained = False, asyncio.Event()

    def send(self, name, *fields):
        payload = msgpack.packb({name: fields} if fields else name)
        self.writer.write(struct.pack(">IB", len(payload), CODES[name]) + payload)

    async def receive(self):
        """The next message as its name and fields. Raises at the end of the link, and for what is no message."""
        length, code = struct.unpack(">IB", await self.reader.readexactly(5))
        if length > MAX_FRAME:
            raise ValueError(f"a frame of {length} bytes is too large")
        message = msgpack.unpackb(await self.reader.readexactly(length))
        [(name, fields)] = message.items() if isinstance(message, dict) else [(message, [])]
        if CODES.get(name) != code or not isinstance(fields, list):
            raise ValueError(f"{name!r} is no message of the code {code}")
        return name, fields

    async def serve(self):
        """Shakes hands, then answers until the link ends or the supervisor breaks the protocol."""
        self.send("Handshake", VERSION, "Worker", STREAMING | CANCELLATION | INPUT_STREAM, MAX_FRAME)
        name, fields = await self.receive()
        if name != "HandshakeAck" or fields[0] != VERSION:
            raise ValueError(f"Handshake was answered with {name} {fields}")
        while True:
            name, fields = await self.receive()
            getattr(self, f"on_{name}")(*fields)

    def on_ListExports(self):
        exports = [[name, True, isasyncgenfunction(function), "{}", "{}"] for name, function in FUNCTIONS.items()]
        self.send("ListExportsResult", exports)

    def on_HealthCheck(self):
        self.send("HealthStatus", int((time.monotonic() - self.began) * 1000), len(self.calls), self.total)

    def on_Invoke(self, request_id, name, params, deadline_ms, context):
        function = FUNCTIONS.get(name)
        if self.draining:
            return self.fail(request_id, 3001, "System", "This worker is shutting down.", {"reason": "draining"})
        if function is None:
            return self.fail(request_id, 1002, "User", f"There is no function {name}.")
        try:
            params = msgpack.unpackb(params) if params else None
            params = {} if params is None else dict(params)
        except Exception as error:
            return self.fail(request_id, 1001, "User", f"The params are no map: {error}")
        self.total += 1
        call = self.calls[request_id] = Call(self, request_id, deadline_ms, context)
        call.task = asyncio.create_task(call.perform(function, params))
        call.task.add_done_callback(lambda task: self.finished(call, task))

    def finished(self, call, task):
        """The one place where a call gets its terminal message: when its function has really ended."""
        del self.calls[call.id]
        if task.cancelled():
            self.fail(call.id, 2002, "Cancelled", "The call was cancelled.")
        elif error := task.exception():
            details = {"name": type(error).__name__, "message": str(error)}
            self.fail(call.id, 2000, "User", str(error), details)
        else:
            self.send(*task.result())
        if self.draining and not self.calls:
            self.drained.set()

    def fail(self, request_id, code, kind, message, details=None):
        packed = None if details is None else msgpack.packb(details)
        self.send("InvokeError", request_id, code, kind, message, packed)

    def on_Cancel(self, request_id):
        self.send("CancelAck", request_id)
        call = self.calls.get(request_id)
        if call and not call.cancelled:
            call.cancelled = True
            call.task.cancel()

    def on_Shutdown(self):
        self.draining = True
        if not self.calls:
            self.drained.set()

    def on_StreamAck(self, request_id, sequence, window):
        if call := self.calls.get(request_id):
            call.acknowledged(sequence, window)

    def on_StreamStart(self, request_id, window):
        if call := self.calls.get(request_id):
            call.input_window = window

    def on_StreamChunk(self, request_id, sequence, data):
        self.arrive(request_id, (sequence, data))

    def on_StreamEnd(self, request_id, total):
        self.arrive(request_id, None)

    def on_StreamError(self, request_id, code, message):
        self.arrive(request_id, RuntimeError(message))

    def arrive(self, request_id, item):
        if call := self.calls.get(request_id):
            call.arrived.put_nowait(item)


async def main():
    if "SPLICE_FD" in os.environ:
        link = socket.socket(fileno=int(os.environ["SPLICE_FD"]))
        link.set_inheritable(False)
        reader, writer = await asyncio.open_connection(sock=link)
    else:
        reader, writer = await asyncio.open_unix_connection(os.environ["ZAP_SOCKET"])
    worker = Worker(reader, writer)
    serving = asyncio.create_task(worker.serve())
    drained = asyncio.create_task(worker.drained.wait())
    await asyncio.wait({serving, drained}, return_when=asyncio.FIRST_COMPLETED)
    if worker.drained.is_set():
        worker.send("ShutdownAck")
        writer.close()
        await writer.wait_closed()
    elif not isinstance(serving.exception(), (asyncio.IncompleteReadError, ConnectionError)):
        print(f"The link is closed: {serving.exception()!r}", file=sys.stderr, flush=True)
    # At once, whatever functions still do: without a supervisor nobody would ever end this process.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
