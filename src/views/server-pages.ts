/** Pages about notebooks that have a name, and about the choice before a start. */
import type { FailureData } from "#src/errors.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";

interface NamedServerRow {
  readonly name: string;
  readonly title: string;
  readonly status: ServerStatus;
  /** GET: opens it, and starts it when it sleeps; absent: it is not the visitor's. */
  readonly openUrl?: string;
  /** POST. */
  readonly stopUrl: string;
  /** For those who look after the person; absent: not for the visitor to read. */
  readonly logUrl?: string;
  /** GET: asks first. */
  readonly deleteUrl: string;
}

export interface NamedServers {
  readonly rows: readonly NamedServerRow[];
}

/** Making one more. */
export interface NewServer {
  /** POST; absent: there may be no more. */
  readonly action?: string;
  /** How many there may be. */
  readonly limit: number;
  readonly typed: string;
  readonly problem?: FailureData;
}

export interface ServerPages {
  /** Before a start that leaves something to choose, or that makes a notebook. */
  spawn: {
    readonly action: string;
    /** Absent: the first one. */
    readonly title?: string;
    /** There is none of that name yet. */
    readonly isNew: boolean;
    /** Fewer than two: nothing to choose. */
    readonly choices: readonly {
      readonly key: string;
      readonly title?: string;
      readonly isChosen: boolean;
    }[];
    readonly problem?: FailureData;
    readonly homeUrl: string;
  };
  deleteServer: {
    readonly action: string;
    readonly title: string;
    /** Whose it is, when it is not the visitor's. */
    readonly of?: string;
    readonly isRunning: boolean;
    /** Its files go with it. */
    readonly hasOwnFiles: boolean;
    readonly backUrl: string;
  };
}
