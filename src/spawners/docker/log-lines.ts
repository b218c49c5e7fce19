/** A container's output as lines that a page can show: hostile bytes in, plain text out. Pure. */
import { stripVTControlCharacters } from "node:util";
import { FrameReader } from "./engine/frames.ts";

const LONGEST_LINE = 1000;

/** Without colours, cursor movements and other control characters; what a line overwrote is left out. */
function cleanLine(bytes: Buffer): string {
  const text = bytes.subarray(0, 16 * LONGEST_LINE).toString("utf8");
  const plain = stripVTControlCharacters(text).replace(/\r+$/, "");
  const visible = plain
    .slice(plain.lastIndexOf("\r") + 1)
    .replaceAll("\t", "    ")
    // Control characters, and those that turn the direction of a line around.
    .replaceAll(/[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "");
  return visible.length > LONGEST_LINE ? `${visible.slice(0, LONGEST_LINE)}…` : visible;
}

/** The last `count` lines of output in the engine's frames, oldest first. */
export function logLines(output: Buffer, count: number): string[] {
  const lines: string[] = [];
  const open = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  function finish(stream: "stdout" | "stderr", last: Buffer): void {
    lines.push(cleanLine(Buffer.concat([...open[stream], last])));
    open[stream] = [];
  }
  for (const { stream, data } of new FrameReader().push(output)) {
    let from = 0;
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, from)) {
      finish(stream, data.subarray(from, end));
      from = end + 1;
    }
    if (from < data.length) open[stream].push(data.subarray(from));
  }
  for (const stream of ["stdout", "stderr"] as const) {
    if (open[stream].length > 0) finish(stream, Buffer.alloc(0));
  }
  return count <= 0 ? [] : lines.slice(-count);
}
