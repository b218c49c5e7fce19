/** The pages of `help`. */

export const usage = `Usage: homeroom [COMMAND] [FLAGS]

  serve                  run the hub (also without a command)
  status [--json]        is it running, with how many people and notebooks
  user ...               people: homeroom user help
  setup-code             the code that makes the first account, while there is none
  stop-notebooks         stop all notebooks of this installation; files stay
  health                 exit code 0 when the hub answers
  help, --version

  --check-config         say what is wrong with the configuration, and start nothing

Every setting is a flag too, such as --port=8001 or --base-path=/jupyterhub/ (docs/configuration.md has all).
The commands work with the hub running or stopped.
`;

export const userUsage = `Usage: homeroom user COMMAND

  add NAME [--display TEXT] [--role owner|teacher|student] [--password-stdin]
                         adds a person and prints the first password, which is changed at the first sign-in;
                         with --password-stdin the password is read from standard input and stays
  list [--json]          everyone with an account
  reset NAME             prints a new first password; files and a running notebook stay as they are
  remove NAME            removes the account; the files are kept
`;
