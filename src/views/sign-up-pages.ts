/** Models of the pages for people who make their own account, and for those who let them. */
import type { FailureData } from "#src/errors.ts";
import type { IsoTime } from "#src/stores/records.ts";
import type { FormProblems } from "./pages.ts";

export interface SignUpPages {
  /** The first of two steps. */
  signUp: {
    readonly action: string;
    readonly values: {
      readonly displayName: string;
      readonly username: string;
      readonly code: string;
      readonly classId: string;
    };
    readonly asksForCode: "no" | "maybe" | "yes";
    /** To choose one of, when several are open. */
    readonly classes: readonly { readonly id: string; readonly name: string }[];
    readonly problems: FormProblems;
    /** A user name that is free, when the one that was wished is not. */
    readonly proposal?: string;
    /** With the user name that was wished, when somebody has it. */
    readonly signInUrl: string;
  };
  /** The second: nothing was saved before. */
  signUpPassword: {
    readonly action: string;
    /** What was typed, for going back. */
    readonly values: SignUpPages["signUp"]["values"];
    readonly displayName: string;
    /** What the person will sign in as. */
    readonly name: string;
    /** The class, when there are several. */
    readonly group?: { readonly name: string };
    /** A teacher made the account, and it waits for its password. */
    readonly isWaiting: boolean;
    readonly near: readonly {
      readonly name: string;
      readonly isWaiting: boolean;
      readonly signInUrl: string;
    }[];
    readonly minLength: number;
    readonly problems: FormProblems;
  };
  signUpClosed: { readonly signInUrl: string };
  signUpClasses: {
    readonly action: string;
    readonly classes: readonly SignUpClassCard[];
    readonly mostPlaces: number;
    readonly problem?: FailureData;
    readonly notice?: "code" | "open" | "off";
    readonly backUrl: string;
  };
}

export interface SignUpClassCard {
  readonly id: string;
  readonly name: string;
  readonly state: "off" | "code" | "over" | "full" | "open";
  /** Of a class with a code. */
  readonly code?: {
    readonly code: string;
    /** Complete, to be copied. */
    readonly address: string;
    readonly taken: number;
    readonly places?: number;
    readonly expires?: IsoTime;
  };
}

export interface Newcomers {
  readonly people: readonly {
    readonly name: string;
    readonly displayName: string;
    readonly joined?: { readonly at: IsoTime; readonly address: string };
    readonly acceptUrl: string;
    readonly refuseUrl: string;
  }[];
}
