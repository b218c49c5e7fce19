/** Notebook profiles: the configured ones, and `default` from the plain settings. */
import type { ProfileConfig, SpawnerConfig } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Upstream } from "#src/spawners/spawner.ts";

export const DEFAULT_PROFILE = "default";

const JUPYTER = { kind: "jupyter", port: 8888 } as const;

export interface Profile {
  readonly name: string;
  readonly image: string;
  readonly kind: ProfileConfig["kind"];
  readonly port: number;
  /** With `{baseUrl}`, `{prefix}` and `{port}` still in it; absent: the image's own. */
  readonly command?: readonly string[];
  /** As `command`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly stripPrefix?: boolean;
}

export type Profiles = ReadonlyMap<string, Profile>;

function profileOf(name: string, config: ProfileConfig): Profile {
  const { image, kind, port, command, environment, stripPrefix } = config;
  return {
    name,
    image,
    kind,
    port,
    ...(command === undefined ? {} : { command }),
    ...(environment === undefined ? {} : { environment }),
    ...(stripPrefix === undefined ? {} : { stripPrefix }),
  };
}

/** A configured profile called `default` replaces the one made of `spawner.image`. */
export function resolveProfiles(config: SpawnerConfig): Profiles {
  const plain: Profile = {
    name: DEFAULT_PROFILE,
    image: config.image,
    ...JUPYTER,
  };
  const configured = Object.entries(config.profiles).map(
    ([name, profile]) => [name, profileOf(name, profile)] as const,
  );
  return new Map([[DEFAULT_PROFILE, plain], ...configured]);
}

/** What throw-away containers are made of. A web app's image need not have a shell. */
export function helperImage(config: SpawnerConfig, profiles: Profiles): string {
  const usual = requireProfile(profiles, DEFAULT_PROFILE);
  return usual.kind === "web" ? config.image : usual.image;
}

/** Where and how a container of this profile answers. */
export function upstreamOf(profile: Profile | undefined, host: string): Upstream {
  const { kind, port, stripPrefix }: Pick<Profile, "kind" | "port" | "stripPrefix"> =
    profile ?? JUPYTER;
  return {
    host,
    port,
    ...(kind === "jupyter" ? {} : { kind }),
    ...(stripPrefix === true ? { stripsPrefix: true } : {}),
  };
}

export function requireProfile(profiles: Profiles, name: string): Profile {
  const profile = profiles.get(name);
  if (profile === undefined) throw new HubError("profile_missing", { profile: name });
  return profile;
}
