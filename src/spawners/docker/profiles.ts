/** Notebook profiles: the configured ones, and `default` from the plain settings. */
import type { ProfileConfig, SpawnerConfig } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";

export const DEFAULT_PROFILE = "default";

export interface Profile {
  readonly name: string;
  readonly image: string;
  readonly kind: ProfileConfig["kind"];
  readonly port: number;
  /** With `{baseUrl}` and `{port}` still in it; absent: the image's own. */
  readonly command?: readonly string[];
}

export type Profiles = ReadonlyMap<string, Profile>;

function profileOf(name: string, config: ProfileConfig): Profile {
  const { image, kind, port, command } = config;
  return { name, image, kind, port, ...(command === undefined ? {} : { command }) };
}

/** A configured profile called `default` replaces the one made of `spawner.image`. */
export function resolveProfiles(config: SpawnerConfig): Profiles {
  const plain: Profile = {
    name: DEFAULT_PROFILE,
    image: config.image,
    kind: "jupyter",
    port: 8888,
  };
  const configured = Object.entries(config.profiles).map(
    ([name, profile]) => [name, profileOf(name, profile)] as const,
  );
  return new Map([[DEFAULT_PROFILE, plain], ...configured]);
}

export function requireProfile(profiles: Profiles, name: string): Profile {
  const profile = profiles.get(name);
  if (profile === undefined) throw new HubError("profile_missing", { profile: name });
  return profile;
}
