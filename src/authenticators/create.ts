import type { Authenticator } from "./authenticator.ts";
import { LocalAuthenticator, type LocalAccounts, type PasswordCheck } from "./local.ts";

interface AuthenticatorConfig {
  readonly kind: "local";
}

export function createAuthenticator(
  config: AuthenticatorConfig,
  parts: { readonly accounts: LocalAccounts; readonly passwords: PasswordCheck },
): Authenticator {
  switch (config.kind) {
    case "local":
      return new LocalAuthenticator(parts);
  }
}
