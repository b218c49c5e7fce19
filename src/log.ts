/** The one logger: JSON lines on standard output, credentials struck out. */
import pino from "pino";

export type Logger = pino.Logger;

export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    redact: {
      paths: [
        "password",
        "*.password",
        "secret",
        "*.secret",
        "cookie",
        "*.cookie",
        "authorization",
        "*.authorization",
      ],
      censor: "[struck out]",
    },
  });
}
