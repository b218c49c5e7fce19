/** Images that tests build. */
import { execFile } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** An index of packages may be away for a moment. */
const PAUSES_MS = [5_000, 20_000];

interface Build {
  readonly folder: string;
  readonly tag: string;
  /** Its label is `homeroom.test=<kind>`. */
  readonly kind: string;
  readonly options?: readonly string[];
}

/** Gives back its tag; layers that are there already are used again. */
export async function buildImage({ folder, tag, kind, options = [] }: Build): Promise<string> {
  // As compose.yaml has it: the certificates of a network that inspects HTTPS.
  const ca = process.env["HOMEROOM_CA_FILE"] ?? process.env["SSL_CERT_FILE"] ?? "/dev/null";
  const names = ["--quiet", "--label", `homeroom.test=${kind}`, "--tag", tag];
  const command = ["build", ...names, ...options, "--secret", `id=ca,src=${ca}`, folder];
  const env = { ...process.env, DOCKER_BUILDKIT: "1" };
  for (const pause of PAUSES_MS) {
    try {
      await execute("docker", command, { env });
      return tag;
    } catch {
      await setTimeout(pause);
    }
  }
  await execute("docker", command, { env });
  return tag;
}
