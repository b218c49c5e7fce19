/** Into the standard input of a container. */
import type { Readable, Writable } from "node:stream";

/** Throws what the source throws. A program that wants no more is not an error here: its exit code tells. */
export async function feed(source: Readable, input: Writable): Promise<void> {
  for await (const chunk of source) {
    if (!input.writable) return;
    if (!input.write(chunk)) await drained(input);
  }
  input.end();
}

async function drained(input: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    function done(): void {
      input.off("drain", done);
      input.off("close", done);
      resolve();
    }
    input.on("drain", done);
    input.on("close", done);
  });
}
