/**
 * dockerode, without what it loads for BuildKit sessions and for hosts over ssh: gRPC, protobuf and ssh2 are never
 * called here, and would take some 15 MiB of memory and a fifth of the start of the hub.
 */
import { createRequire } from "node:module";
import type Docker from "dockerode";

const UNUSED: readonly (readonly [from: string, name: string])[] = [
  ["dockerode", "@grpc/grpc-js"],
  ["dockerode", "@grpc/proto-loader"],
  ["docker-modem", "ssh2"],
];

export function loadDockerode(): typeof Docker {
  const require = createRequire(import.meta.url);
  const atDockerode = createRequire(require.resolve("dockerode"));
  for (const [from, name] of UNUSED) {
    const at = from === "dockerode" ? atDockerode : createRequire(atDockerode.resolve(from));
    const path = at.resolve(name);
    require.cache[path] ??= emptyModule(path);
  }
  return require("dockerode") as typeof Docker; // Its own types say so.
}

/** Fails loudly, should anyone ever call into it. */
function emptyModule(path: string): NodeJS.Module {
  const module = {
    id: path,
    filename: path,
    path,
    loaded: true,
    exports: {},
    children: [],
    paths: [],
  };
  return module as unknown as NodeJS.Module; // Only `exports` of a loaded module is ever read.
}
