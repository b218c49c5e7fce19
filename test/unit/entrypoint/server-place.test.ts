import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { placeOf } from "#src/entrypoint/server-place.ts";
import { parseTarget } from "#src/entrypoint/target.ts";

const names = new Set(["lab2", "Été 2", "a@b~c"]);

function place(path: string) {
  const target = parseTarget(`/jupyterhub/user/maria/${path}`, "/jupyterhub/");
  assert.ok(target.is === "server", path);
  return placeOf(target, (name) => (names.has(name.normalize("NFC")) ? name.normalize("NFC") : ""));
}

const base = "/jupyterhub/user/maria/";
const ete = "%C3%89t%C3%A9%202";

describe("which server an address means", () => {
  it("is the first one, unless the address begins with a name that there is", () => {
    for (const rest of ["", "lab", "lab/tree/lab2/x", "api/kernels?x=lab2", "lab22/", "%2Flab2/"]) {
      const { server, prefix, moved } = place(rest);
      assert.deepEqual(
        { server, prefix, moved },
        { server: "", prefix: base, moved: undefined },
        rest,
      );
    }
  });

  it("is the named one, with what follows its name as it came", () => {
    assert.deepEqual(place("lab2/"), { server: "lab2", prefix: `${base}lab2/`, rest: "" });
    assert.deepEqual(place("lab2/api/contents/a%2Fb?x=%20"), {
      server: "lab2",
      prefix: `${base}lab2/`,
      rest: "api/contents/a%2Fb",
    });
    assert.deepEqual(place(`${ete}/lab`), {
      server: "Été 2",
      prefix: `${base}${ete}/`,
      rest: "lab",
    });
    assert.equal(place("a@b~c/lab").moved, undefined);
  });

  it("has one spelling that counts; others lead there, with what they asked for", () => {
    const rows: readonly (readonly [string, string])[] = [
      ["lab2", "lab2/"],
      ["lab2?x=1", "lab2/?x=1"],
      ["l%61b2/lab?a=%2F", "lab2/lab?a=%2F"],
      ["%c3%89t%c3%a9%202/lab", `${ete}/lab`],
      ["E%CC%81te%CC%81%202/", `${ete}/`],
      ["a%40b%7Ec/tree/x", "a@b~c/tree/x"],
    ];
    for (const [asked, counts] of rows) assert.equal(place(asked).moved, base + counts, asked);
  });
});
