import { describe, expect, test } from "@jest/globals";
import {
  defaultSocketPath,
  isOutsideProject,
  maxSocketPathBytes,
  socketPathRefusal,
} from "../../src/transport/socket-path.js";

describe("socket paths", () => {
  test.each([
    ["/" + "a".repeat(102), 103, true],
    ["/" + "a".repeat(103), 104, false],
    ["/" + "a".repeat(107), 108, false],
    ["/" + "a".repeat(108), 109, false],
    // 51 two-byte letters and a slash make 103 bytes; one more letter is 53 characters and 105 bytes.
    ["/" + "ö".repeat(51), 103, true],
    ["/" + "ö".repeat(52), 105, false],
    ["/" + "😀".repeat(26), 105, false],
  ])("%s of %d bytes: accepted %p", (path, bytes, isAccepted) => {
    const refusal = socketPathRefusal(path);
    if (isAccepted) {
      expect(refusal).toBeUndefined();
    } else {
      expect(refusal).toContain(`${String(bytes)} bytes`);
      expect(refusal).toContain("at most 103 bytes");
      expect(refusal).toContain("--socket");
    }
  });

  test("an empty path and one with a zero byte are refused", () => {
    expect(socketPathRefusal("")).toContain("empty");
    expect(socketPathRefusal("/tmp/a\0b")).toContain("zero byte");
  });

  const place = { env: {}, tempDir: "/tmp", uid: 501 };
  const longDir = "/home/" + "x".repeat(90);

  test("a project has its own socket under .splice", () => {
    const longest = "/" + "p".repeat(maxSocketPathBytes - 1 - "/.splice/splice.sock".length);
    expect(defaultSocketPath({ ...place, projectDir: "/home/me/app" })).toBe(
      "/home/me/app/.splice/splice.sock",
    );
    expect(defaultSocketPath({ ...place, projectDir: longest })).toBe(`${longest}/.splice/splice.sock`);
    expect(defaultSocketPath({ ...place, projectDir: longest + "p" })).toMatch(/^\/tmp\//);
  });

  test("a deep project has one in a runtime directory, its own", () => {
    const inTemp = defaultSocketPath({ ...place, projectDir: longDir });
    expect(inTemp).toMatch(/^\/tmp\/splice-501-[0-9a-f]{16}\/splice\.sock$/);
    expect(defaultSocketPath({ ...place, projectDir: longDir })).toBe(inTemp);
    expect(defaultSocketPath({ ...place, projectDir: longDir + "/b" })).not.toBe(inTemp);
    const env = { XDG_RUNTIME_DIR: "/run/user/501" };
    expect(defaultSocketPath({ ...place, env, projectDir: longDir })).toMatch(
      /^\/run\/user\/501\/splice-[0-9a-f]{16}\/splice\.sock$/,
    );
    const relative = { XDG_RUNTIME_DIR: "run" };
    expect(defaultSocketPath({ ...place, env: relative, projectDir: longDir })).toBe(inTemp);
  });

  test.each([{}, { XDG_RUNTIME_DIR: "/run/user/501" }, { XDG_RUNTIME_DIR: "/run/user/501/" }])(
    "the default ones outside of a project are known as such, with %j, and no others",
    (env) => {
      const somewhere = { ...place, tempDir: "/tmp/", env };
      const outside = defaultSocketPath({ ...somewhere, projectDir: longDir });
      expect(isOutsideProject(outside, somewhere)).toBe(true);
      const inside = defaultSocketPath({ ...somewhere, projectDir: "/home/me/app" });
      for (const path of [inside, "/tmp/s.sock", "/tmp/splice-mine/splice.sock", `${longDir}${outside}`])
        expect(isOutsideProject(path, somewhere)).toBe(false);
    },
  );
});
