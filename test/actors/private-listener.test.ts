import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { expect, test } from "@jest/globals";
import { listenForOne } from "../../src/actors/private-listener.js";

test("a socket in a directory only we can enter takes one connection, then there is no listener any more", async () => {
  const listener = listenForOne();
  const directory = dirname(listener.path);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  const client = connect(listener.path);
  const duplex = await listener.connected;
  const received: string[] = [];
  const got = new Promise<void>((resolve) => {
    duplex.attach({
      data: (chunk) => {
        received.push(Buffer.from(chunk).toString());
        resolve();
      },
      drain: () => undefined,
      end: () => undefined,
      close: () => undefined,
    });
  });
  duplex.resume();
  expect(existsSync(directory)).toBe(false);
  const late = connect(listener.path);
  const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ENOENT");
  client.write("still open");
  await got;
  expect(received.join("")).toBe("still open");
  duplex.destroy();
  client.destroy();
});

test("of two that come at once only one is let in", async () => {
  const listener = listenForOne();
  const clients = [connect(listener.path), connect(listener.path)];
  const ends = clients.map(
    (client) =>
      new Promise<string>((resolve) => {
        client.on("error", () => {
          resolve("turned away");
        });
        client.on("close", () => {
          resolve("turned away");
        });
        client.on("data", () => {
          resolve("let in");
        });
      }),
  );
  const duplex = await listener.connected;
  duplex.attach({
    data: () => undefined,
    drain: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  duplex.write(Buffer.from("hello"), () => undefined);
  expect((await Promise.all(ends)).sort()).toEqual(["let in", "turned away"]);
  duplex.destroy();
  for (const client of clients) client.destroy();
});

test("a worker that ends before it connects leaves neither directory nor a promise that hangs", async () => {
  const listener = listenForOne();
  const rejected = expect(listener.connected).rejects.toThrow("The worker ended before it connected.");
  listener.close();
  await rejected;
  expect(existsSync(dirname(listener.path))).toBe(false);
  listener.close();
});
