import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { engineSilent, translateEngineError } from "#src/spawners/docker/engine/errors.ts";

function engineError(statusCode: number, message: string): Error {
  const text = `(HTTP code ${statusCode}) server error - ${message} `;
  return Object.assign(new Error(text), { statusCode });
}

function socketError(code: string): Error {
  return Object.assign(new Error(`connect ${code} /x.sock`), { code });
}

describe("a failure of the engine", () => {
  it("at its socket says what is wrong there", () => {
    const cases = {
      ENOENT: "there is no socket at /x.sock",
      ECONNREFUSED: "nothing listens on /x.sock",
      EACCES: "the hub may not open /x.sock",
      ECONNRESET: "the connection to /x.sock broke",
    };
    for (const [code, detail] of Object.entries(cases)) {
      const failure = translateEngineError(socketError(code), "/x.sock");
      assert.equal(failure.code, "docker_unreachable");
      assert.deepEqual(failure.params, { detail });
      assert.ok((failure.retryAfter ?? 0) > 0);
    }
  });

  it("for want of space is a full disk", () => {
    const texts = [
      "write /var/lib/docker/overlay2/x: no space left on device",
      "mkdir /x: disk quota exceeded",
    ];
    for (const text of texts) {
      assert.equal(translateEngineError(engineError(500, text), "/x.sock").code, "disk_full");
    }
  });

  it("for want of an image names it", () => {
    const failure = translateEngineError(engineError(404, "No such image: lab:1"), "/x.sock");
    assert.equal(failure.code, "image_missing");
    assert.deepEqual(failure.params, { image: "lab:1" });
  });

  it("of any other kind keeps the engine's first sentence, without what dockerode adds", () => {
    const failure = translateEngineError(
      engineError(500, "it is - a bad day\nsecond line"),
      "/x.sock",
    );
    assert.equal(failure.code, "spawner_failed");
    assert.deepEqual(failure.params, { detail: "it is - a bad day" });
  });

  it("that has a name already keeps it, and anything thrown gets one", () => {
    const own = new HubError("pool_exhausted", { pool: "x" });
    assert.equal(translateEngineError(own, "/x.sock"), own);
    for (const thrown of [undefined, null, "text", 7, {}, new Error("x")]) {
      assert.equal(translateEngineError(thrown, "/x.sock").code, "spawner_failed");
    }
  });

  it("to say anything is told with the question and the time", () => {
    assert.deepEqual(engineSilent("ping", 10_000).params, {
      detail: "no answer to “ping” within 10 s",
    });
  });
});
