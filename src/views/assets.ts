/** Everything below views/assets, read once: its type, its hash and its address. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

interface Asset {
  /** Below `{H}static/`, with `/`. */
  readonly path: string;
  readonly type: string;
  /** Of the content: the address changes with it, so browsers may keep it for ever. */
  readonly hash: string;
  readonly body: Buffer;
  /** Present where it is worth it. */
  readonly gzip?: Buffer;
}

const TEXT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
const OTHER_TYPES: Readonly<Record<string, string>> = { ".png": "image/png" };

const ASSETS_FOLDER = fileURLToPath(new URL("../../views/assets/", import.meta.url));

export class Assets {
  readonly #table: ReadonlyMap<string, Asset>;

  constructor(assets: Iterable<Asset>) {
    this.#table = new Map(Array.from(assets, (asset) => [asset.path, asset]));
  }

  get(path: string): Asset | undefined {
    return this.#table.get(path);
  }

  all(): readonly Asset[] {
    return [...this.#table.values()];
  }

  /** `{H}static/css/app.css?v=0123abcd` */
  url(hubPath: string, path: string): string {
    const asset = this.#table.get(path);
    if (asset === undefined) throw new TypeError(`there is no ${path} in views/assets`);
    return `${hubPath}static/${asset.path}?v=${asset.hash}`;
  }
}

export function loadAssets(folder: string = ASSETS_FOLDER): Assets {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Assets(files.map((file) => readAsset(folder, join(file.parentPath, file.name))));
}

function readAsset(folder: string, file: string): Asset {
  const path = relative(folder, file);
  const body = readFileSync(file);
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 12);
  const extension = extname(path);
  const textType = TEXT_TYPES[extension];
  if (textType !== undefined) return { path, type: textType, hash, body, gzip: gzipSync(body) };
  const type = OTHER_TYPES[extension];
  if (type === undefined) throw new TypeError(`views/assets/${path} is of no known kind`);
  return { path, type, hash, body };
}
