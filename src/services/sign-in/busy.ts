/** Seconds after which it is worth trying again when too many people sign in at once. */
export const BUSY_SECONDS = 5;
