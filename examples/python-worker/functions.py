"""The functions that the worker exports: those that `splice conform` needs of any worker under test.

Each is called with its params, a dict, and the call, which knows deadline, context and input. An async generator is a
streaming function.
"""

import asyncio
import time


async def echo(params, call):
    return params.get("value")


async def fail(params, call):
    raise ValueError(params["message"])


async def sleep(params, call):
    ends_at = time.monotonic() + params["ms"] / 1000
    while (left := ends_at - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            if not params.get("deaf"):
                raise


async def context(params, call):
    trace_id, span_id, headers, auth = call.context
    user_id, roles = auth or (None, [])
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "headers": headers,
        "userId": user_id,
        "roles": roles,
        "remainingMs": call.remaining_ms(),
    }


async def count(params, call):
    for number in range(params["from"], params["to"] + 1):
        if number == params.get("failAt"):
            raise ValueError(f"failed at {number}")
        yield number


async def byte_chunks(params, call):
    for _ in range(params["count"]):
        yield bytes(params["size"])


async def total(params, call):
    return sum([number async for number in call.input()])


async def double(params, call):
    async for number in call.input():
        yield 2 * number


FUNCTIONS = {
    "conform.echo": echo,
    "conform.fail": fail,
    "conform.sleep": sleep,
    "conform.context": context,
    "conform.count": count,
    "conform.bytes": byte_chunks,
    "conform.sum": total,
    "conform.double": double,
}
