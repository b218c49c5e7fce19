/** The pages of `help`. */
import type { HelpTopic } from "./command.ts";

const general = `Usage: homeroom [COMMAND] [FLAGS]

  serve                  run the hub (also without a command)
  status [--json]        is it running, with how many people and notebooks, and is the box well
  doctor [--json]        look at everything that can go wrong, and say what to do
  user ...               people: homeroom user help
  sign-up [off|code|open]
                         who may make accounts themselves: homeroom sign-up help
  audit                  who did what: homeroom audit help
  import jupyterhub      people, classes and files of a JupyterHub: homeroom import help
  token NAME             an API token for programs: homeroom token help
  reset-owner [NAME]     a new first password for an owner who cannot sign in
  setup-code             the code that makes the first account, while there is none
  stop-notebooks         stop all notebooks of this installation; files stay
  health                 exit code 0 when the hub answers
  help [COMMAND], --version

  --check-config         say what is wrong with the configuration, and start nothing

Every setting is a flag too, such as --port=8001 or --base-path=/jupyterhub/ (docs/configuration.md has all).
The commands work with the hub running or stopped. Exit code: 0 when it was done, 1 when not, 2 when the command was
not understood.
`;

const topics: Readonly<Record<HelpTopic, string>> = {
  user: `Usage: homeroom user COMMAND

  add NAME [--display TEXT] [--role owner|teacher|student] [--password-stdin]
                         adds a person and prints the first password, which is changed at the first sign-in;
                         with --password-stdin the password is read from standard input and stays
  list [--json]          everyone with an account
  show NAME [--json]     one account: state, classes, notebook, where it is signed in, what happened last
  reset NAME             prints a new first password; files and a running notebook stay as they are
  rename NAME [NEWNAME] [--display TEXT]
                         another user name, another name on screen, or both; files and password stay
  role NAME owner|teacher|student
  disable NAME           locks the account: nobody can sign in with it, files stay
  enable NAME            unlocks it
  accept NAME            somebody who made the account themselves belongs to the class
  sign-out NAME          signs the person out everywhere
  remove NAME            puts the account into the trash; the files are kept, the name is free

  list --trash [--json]  who is in the trash
  restore NAME|ID [--as NEWNAME]
                         brings an account back, under another name where the old one is taken
  erase NAME|ID [--confirm NAME]
                         removes an account in the trash and its files for good; asks for the user name first,
                         unless --confirm gives it

NAME may be spelled in any way: Maria and MARIA are one. IDs are in the list of the trash.
`,
  audit: `Usage: homeroom audit [--about NAME] [--limit N] [--csv|--json]

  Who did what, newest first: 50 lines, or as many as --limit says (1000 at most).
  --about NAME           what NAME did, and what was done to NAME
  --csv                  all of it as a file for spreadsheets: homeroom audit --csv >audit.csv
`,
  "sign-up": `Usage: homeroom sign-up [--class NAME] [--json]
       homeroom sign-up off|open [--class NAME]
       homeroom sign-up code [--hours N] [--places N] [--class NAME]

  Without a word: how it is for each class.
  off                    accounts are made by teachers alone
  code                   whoever has the code, which is printed, makes an account; --hours ends it by itself,
                         --places limits how many
  open                   whoever reaches this box makes an account
  --class NAME           name or id of the class; without it, the class that newcomers join
`,
  doctor: `Usage: homeroom doctor [--json]

  One line for each thing that was looked at: "ok", "!" for what should be looked at, "bad" for what is wrong, each
  with what to do. Works with the hub running or stopped. Exit code 1 when something is bad.
`,
  token: `Usage: homeroom token NAME [--scopes A,B] [--expires-in SECONDS] [--note TEXT]
       homeroom token --service NAME

  Prints a token with which a program uses the API as NAME; it is shown only this once. Everyone sees and revokes the
  own tokens on the page My account.
  --scopes A,B           what it may at most, as JupyterHub names it, such as read:users,servers!user;
                         without it, all that NAME may
  --expires-in SECONDS   ends it by itself
  --note TEXT            what it is for

  --service NAME         prints the token of a service that the configuration names (docs/configuration.md)
`,
  import: `Usage: ./homeroom import jupyterhub --database FILE [--passwords FILE] [--homes DIR | --volumes PATTERN]
                  [--admins owner|teacher|student] [--apply] [--json]

  Brings the people of a JupyterHub here: accounts with the passwords that they had, groups as classes, and their
  files. Without --apply it only tells what would happen. Nobody's account here is touched; a second time, what is
  missing is added. Stop JupyterHub first, so that nothing changes meanwhile.
  --database FILE        jupyterhub.sqlite
  --passwords FILE       passwords.dbm of FirstUseAuthenticator, whatever stands behind that name
                         (passwords of NativeAuthenticator are in the database)
  --homes DIR            the folder with one folder for each user name
  --volumes PATTERN      Docker volumes instead, such as jupyterhub-user-{username}
  --admins ROLE          what admins become: teacher (of all classes that come along), owner, or student;
                         teacher without it. Nobody becomes owner without a password.

  Files of somebody who has worked here already go into the folder from-jupyterhub of their home. The script gives the
  files to these commands, by standard input as a tar:
  import jupyterhub [--admins ROLE] [--apply] [--json]
  import homes           who has not got their files yet
  import home NAME
`,
  "reset-owner": `Usage: homeroom reset-owner [NAME]

  Prints a new first password for the owner of the box, unlocks the account, and signs it out everywhere. NAME is
  needed when there is more than one owner. While no owner can sign in at all, NAME may be anybody: they become owner.
`,
};

export function usageOf(topic: "all" | HelpTopic): string {
  return topic === "all" ? general : topics[topic];
}
