/** A place apart that prints what a test says; the real one is in test/integration/moving-in.test.ts. */
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Sandbox, SandboxEnd } from "#src/spawners/sandbox.ts";

interface Reading {
  users?: readonly { name: string; admin?: boolean; groups?: readonly string[] }[];
  groups?: readonly string[];
  native?: readonly {
    name: string;
    hash: string;
    authorized?: boolean;
    second_factor?: boolean;
  }[];
  firstuse?: readonly { name: string; hash: string }[];
}

export class FakeSandbox implements Sandbox {
  end: SandboxEnd = { exitCode: 65, output: "", errors: "Nothing was said yet.\n" };
  /** What it was given last. */
  input: Buffer = Buffer.of();

  says({ users = [], groups = [], native = [], firstuse = [] }: Reading): void {
    const output = JSON.stringify({
      users: users.map((user) => ({ admin: false, groups: [], ...user })),
      groups,
      native: native.map((row) => ({ authorized: true, second_factor: false, ...row })),
      firstuse,
    });
    this.end = { exitCode: 0, output, errors: "" };
  }

  async python(_program: string, input: Readable): Promise<SandboxEnd> {
    this.input = await buffer(input);
    return this.end;
  }
}
