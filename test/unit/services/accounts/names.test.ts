import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError, failureText } from "#src/errors.ts";
import {
  cleanDisplayName,
  parseUserName,
  suggestUserName,
  toUserName,
} from "#src/services/accounts/names.ts";
import { fc } from "#test/support/property.ts";

const RUNS = { numRuns: 10_000 };

/** The sentence of a refusal, with its code in front. */
function answerTo(text: string): string {
  try {
    return `accepted as ${parseUserName(text)}`;
  } catch (error) {
    assert.ok(error instanceof HubError);
    assert.equal(error.message, `Invalid username: ${String(error.params["name"])}`);
    return `${error.code}: ${failureText(error.toData(), "student")}`;
  }
}

describe("a user name", () => {
  it("has one canonical form for all its spellings", () => {
    const spellings: Record<string, readonly string[]> = {
      maria: [
        "maria",
        "María",
        "MARIA",
        " maria ",
        "Mari\u0301a",
        "ｍａｒｉａ",
        "𝐦𝐚𝐫𝐢𝐚",
        "\u00A0maría\n",
      ],
      fiona: ["ﬁona", "Fiona"],
      istanbul: ["İstanbul", "ISTANBUL"],
      kelvin: ["\u212Aelvin"],
      "o.brien@school.example": ["O.Brien@School.example"],
      admin: ["admin ", "ADMIN", "Ａdmin"],
      "7b_x-1": ["7B_x-1"],
    };
    for (const [canonical, typed] of Object.entries(spellings)) {
      for (const text of typed) {
        assert.equal(parseUserName(text), canonical, JSON.stringify(text));
      }
    }
  });

  it("is refused with a reason that helps", () => {
    assert.match(answerTo(""), /^name_empty: .*empty/);
    assert.match(answerTo("   "), /^name_empty: .*empty/);
    assert.match(answerTo("аdmin"), /^name_alphabet: .*“а” is a letter of another alphabet/);
    assert.match(answerTo("आशा"), /^name_alphabet: .*another alphabet/);
    assert.match(answerTo("maria lopez"), /^name_space: .*space/);
    assert.match(answerTo("ma\u200Bria"), /^name_invisible: .*invisible/);
    assert.match(answerTo("\u202Emaria"), /^name_invisible: .*invisible/);
    assert.match(answerTo("maria\u0000"), /^name_invisible: .*invisible/);
    assert.match(answerTo("../x"), /^name_character: .*“\/” in it/);
    assert.match(answerTo("a:b"), /^name_character: .*“:” in it/);
    assert.match(answerTo("a%00"), /^name_character: .*“%” in it/);
    assert.match(answerTo("😀"), /^name_character: .*“😀” in it/);
    for (const text of [".", "..", "-rf", "_x", "@home", "__proto__"]) {
      assert.match(answerTo(text), /^name_start: .*must begin with a letter or a digit/, text);
    }
    assert.match(answerTo("x".repeat(65)), /^name_too_long: .*longer than 64/);
    assert.match(answerTo("x".repeat(300)), /^name_too_long: .*longer than 64/);
    assert.match(answerTo("x".repeat(1_000_000)), /^name_too_long: .*longer than 64/);
    assert.match(answerTo("ﷺ".repeat(500)), /^name_too_long: .*longer than 64/);
    assert.equal(parseUserName("x".repeat(64)), "x".repeat(64));
  });

  it("is refused when it means something else to the box, to JavaScript or to Windows", () => {
    for (const text of [
      "hub",
      "User",
      "ＨＵＢ",
      "api",
      "static",
      "add",
      "passwords",
      "constructor",
      "con",
      "LPT1",
      "console",
    ]) {
      assert.match(answerTo(text), /^name_reserved: .*uses that name itself/, text);
    }
    for (const text of ["admin", "teacher", "hubert", "adding", "con.air"]) {
      assert.match(answerTo(text), /^accepted/, text);
    }
  });

  it("is shown short and in one line when it is refused", () => {
    for (const text of ["a\nb", `${"x".repeat(500)}\n!`, "a\u202Eb\u0007 c"]) {
      try {
        parseUserName(text);
        assert.fail(`${text} was accepted`);
      } catch (error) {
        assert.ok(error instanceof HubError);
        const shown = String(error.params["name"]);
        assert.ok(shown.length <= 41, shown);
        // eslint-disable-next-line no-control-regex -- looked for
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f\u202a-\u202e]/);
      }
    }
  });

  const typed = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...Array.from("aZ09_.@- ÉéøИиıKſßǅﬁＡａ१\u0301\u200d\u202e\n/\\%:")),
      maxLength: 70,
    }),
    fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "..", "hub", "NUL"),
  );

  it("is, once accepted, its own canonical form (10,000 texts)", () => {
    let accepted = 0;
    fc.assert(
      fc.property(typed, (text) => {
        const name = toUserName(text);
        if (name === undefined) return;
        accepted += 1;
        assert.match(name, /^[a-z0-9][a-z0-9_.@-]{0,63}$/);
        assert.equal(parseUserName(name), name);
        for (const other of [name.toUpperCase(), ` ${name}\t`, name.normalize("NFD")]) {
          assert.equal(parseUserName(other), name);
        }
        // One segment of a URL, and no key that an object has by itself.
        assert.equal(
          new URL(`http://box/user/${encodeURIComponent(name)}/lab`).pathname.split("/").length,
          4,
        );
        assert.equal(name in {}, false);
      }),
      RUNS,
    );
    assert.ok(accepted > 500, `only ${accepted} were accepted: the property says little`);
  });

  it("is not shared by two texts that differ in more than spelling (10,000 pairs)", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9_.@-]{0,63}$/);
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [left, right] = [toUserName(a), toUserName(b)];
        if (left === undefined || right === undefined) return;
        assert.equal(left === right, a === b);
      }),
      RUNS,
    );
  });

  it("is refused by toUserName exactly when parseUserName throws (10,000 texts)", () => {
    fc.assert(
      fc.property(typed, (text) => {
        const accepted = answerTo(text).startsWith("accepted as ");
        assert.equal(toUserName(text) !== undefined, accepted);
      }),
      RUNS,
    );
  });
});

describe("a suggested user name", () => {
  function suggestAll(names: readonly string[]): readonly string[] {
    const taken = new Set<string>();
    return names.map((displayName) => {
      const name = suggestUserName(displayName, (candidate) => taken.has(candidate));
      taken.add(name);
      return name;
    });
  }

  it("is the given name, then with the family name, then with a number", () => {
    assert.deepEqual(
      suggestAll(["María López", "María López", "Maria Gómez", "María", "María López"]),
      ["maria", "maria.lopez", "maria.gomez", "maria2", "maria3"],
    );
  });

  it("reads a family name in front of a comma, and an initial as no name", () => {
    assert.deepEqual(suggestAll(["López, María", "A. Khan", "O’Brien, Pat", "Jean-Luc Picard"]), [
      "maria",
      "a.khan",
      "pat",
      "jean",
    ]);
  });

  it("can be typed on any keyboard, whatever the script of the name", () => {
    assert.deepEqual(
      suggestAll(["आशा", "سارة", "Иван Петров", "Γιώργος", "李雷", "สมชาย", "Łukasz", "Ngọc Ánh"]),
      ["asa", "srh", "ivan", "giorgos", "lilei", "smchay", "lukasz", "ngoc"],
    );
  });

  it("is student1 and so on where a name has nothing to be spelt with", () => {
    assert.deepEqual(suggestAll(["", "—", "\u200b"]), ["student1", "student2", "student3"]);
  });

  it("steps around the names that the box keeps", () => {
    assert.deepEqual(suggestAll(["Hub", "Con Air", "User"]), ["hub2", "con.air", "user2"]);
  });

  it("is always a name that is accepted and free (10,000 names)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 120 }),
        fc.integer({ min: 0, max: 5 }),
        (displayName, refusals) => {
          const refused = new Set<string>();
          const name = suggestUserName(displayName, (candidate) => {
            if (refused.size >= refusals) return false;
            refused.add(candidate);
            return true;
          });
          assert.equal(parseUserName(name), name);
          assert.ok(!refused.has(name));
        },
      ),
      RUNS,
    );
  });
});

describe("a display name", () => {
  it("keeps any script, on one line", () => {
    assert.equal(cleanDisplayName("  Anna\n Björk ", "x"), "Anna Björk");
    assert.equal(cleanDisplayName("می‌خواهم", "x"), "می‌خواهم");
    assert.equal(cleanDisplayName("Bjo\u0308rk", "x"), "Björk");
  });

  it("has no control characters and nothing that turns the text around it", () => {
    assert.equal(cleanDisplayName("\u202Eanna\u2066\u0007\u2028b\u0000", "x"), "anna b");
    assert.equal(cleanDisplayName("a\ud800b", "x"), "a\ufffdb");
  });

  it("is the name as it was typed when it shows nothing", () => {
    for (const nothing of [undefined, "", "  ", "\u200b\u200b", "\u0301"]) {
      assert.equal(cleanDisplayName(nothing, " María "), "María");
    }
  });

  it("has at most a hundred characters, and is not cut in silence", () => {
    assert.equal(cleanDisplayName("é".repeat(100), "x"), "é".repeat(100));
    for (const long of ["x".repeat(101), "😀".repeat(101), "x".repeat(100_000)]) {
      assert.throws(() => cleanDisplayName(long, "x"), {
        code: "display_name_too_long",
        params: { limit: 100 },
      });
    }
  });
});
