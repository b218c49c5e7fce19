import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTarget } from "#src/entrypoint/target.ts";
import { HubError } from "#src/errors.ts";
import {
  encodeServerName,
  parseServerName,
  parseServerTitle,
} from "#src/services/servers/server-names.ts";
import { fc } from "#test/support/property.ts";

function codeOf(work: () => unknown): string {
  try {
    work();
    return "";
  } catch (error) {
    return error instanceof HubError ? error.code : String(error);
  }
}

describe("the name of a server", () => {
  it("may be what people write, in any script", () => {
    for (const name of [
      "lab2",
      "My_Server",
      "Physik 3b",
      "été",
      "наука",
      "数学",
      "a.b~c@d-e",
      "7",
    ]) {
      assert.equal(parseServerName(name), name);
    }
    assert.equal(parseServerName("e\u0301te\u0301"), "été", "one spelling of the same letters");
    assert.equal(parseServerName("x".repeat(64)).length, 64);
  });

  it("may not be what an address, a page or a log would stumble over", () => {
    const wrong = [
      "",
      " ",
      ".",
      "..",
      ".a",
      "a/b",
      "a\\b",
      " a",
      "a ",
      "a  b",
      "a\tb",
      "a\nb",
      "a\0b",
    ];
    const more = [
      "a#b",
      "a?b",
      "a%b",
      "a$b",
      'a"b',
      "a'b",
      "a<b",
      "a;b",
      "-a",
      "\u202eabc",
      "a\u200bb",
      "🙂",
    ];
    for (const name of [...wrong, ...more, "x".repeat(65)]) {
      assert.equal(
        codeOf(() => parseServerName(name)),
        "server_name_wrong",
        JSON.stringify(name),
      );
    }
    for (const name of ["lab", "LAB", "tree", "api", "oauth_callback", "hub"]) {
      assert.equal(
        codeOf(() => parseServerName(name)),
        "server_name_taken",
        name,
      );
    }
  });

  it("comes back out of an address as it went in, and is one segment of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 70 }), (text) => {
        if (codeOf(() => parseServerName(text)) !== "") return;
        const name = parseServerName(text);
        const encoded = encodeServerName(name);
        assert.match(encoded, /^[A-Za-z0-9._~@%-]+$/);
        assert.equal(decodeURIComponent(encoded), name);
        const target = parseTarget(`/user/maria/${encoded}/lab`, "/");
        assert.ok(target.is === "server" && target.rest === `${encoded}/lab`, encoded);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the title of a server", () => {
  it("may be any line that people can read", () => {
    for (const title of ["Physics, lesson 3!", "C++ (2)", "数学 – eins", "🙂 smile"]) {
      assert.equal(parseServerTitle(title), title);
    }
    for (const title of ["", " a", "a ", "a  b", "a\nb", "a\u202eb", "x".repeat(256)]) {
      assert.equal(
        codeOf(() => parseServerTitle(title)),
        "server_title_wrong",
        JSON.stringify(title),
      );
    }
  });
});
