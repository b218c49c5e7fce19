/** The one logger: JSON lines on standard output (1) or standard error (2), credentials struck out. */
import pino from "pino";

export type Logger = pino.Logger;

export function createLog(level: string, fileDescriptor: 1 | 2 = 1): Logger {
  const options = {
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
  };
  return pino(options, pino.destination(fileDescriptor));
}
