/**
 * Every failure that a person may see, in one table. `student` is what anyone may read, `teacher`
 * says more to the one who can act on it, `api` is the English message for JupyterHub's clients
 * where their words differ. Placeholders are checked by type from the `student`, `teacher` and `api` texts.
 */
export const failures = {
  // Asking
  bad_request: { status: 400, student: "The box could not read that request." },
  bad_target: { status: 400, student: "That address is not written in a way the box accepts." },
  bad_host: { status: 400, student: "That address does not name this box." },
  bad_json: {
    status: 400,
    student: "The box could not read that request.",
    api: "Invalid JSON in body of request",
  },
  /** JSON that does not fit its schema: for programs alone, so the reason may be English. */
  invalid_field: { status: 400, student: "{reason}" },
  body_too_large: { status: 413, student: "That is too much text. The most is {limit}." },
  body_not_allowed: {
    status: 411,
    student: "That request may not carry a body of unknown length.",
  },
  not_found: { status: 404, student: "There is no such page here.", api: "Not Found" },
  /** There may be one, but not for this visitor. */
  no_access: {
    status: 404,
    student: "There is no such page here.",
    api: "No access to resources or resources not found",
  },
  method_not_allowed: {
    status: 405,
    student: "That page does not take this kind of request.",
    api: "Method Not Allowed",
  },
  sign_in_required: {
    status: 403,
    student: "Sign in first.",
    api: "Missing or invalid credentials.",
  },
  service_in_notebook: {
    status: 403,
    student: "Services open no notebooks.",
    api: "Services open no notebooks; use a token of the person: POST /users/{name}/tokens",
  },
  not_allowed: { status: 403, student: "You may not do that. Ask your teacher.", api: "Forbidden" },
  service_worker: {
    status: 403,
    student: "Pages of notebooks may not leave programs in the browser.",
    api: "Service workers are not allowed: they would outlive the page, in a browser that others use.",
  },
  lacks_scope: {
    status: 403,
    student: "You may not do that. Ask your teacher.",
    api: "Action is not authorized with current scopes; requires any of [{scopes}]",
  },
  scope_unknown: {
    status: 400,
    student: "There is no scope called {scope}.",
    api: "Scope '{scope}' does not exist",
  },
  scopes_not_held: {
    status: 400,
    student: "A program cannot do more than its person may: {scopes}.",
    teacher: "A token cannot do more than its person may: {scopes}.",
    api: "Not assigning requested scopes {scopes} not held by {who}",
  },
  token_life: {
    status: 400,
    student: "It lasts at least a second and at most a hundred years.",
    teacher: "A token lasts at least a second and at most a hundred years.",
    api: "token expires_in must be a whole number of seconds from 1 to 3153600000",
  },
  tokens_full: {
    status: 409,
    student: "There can be {limit} of them at most. Revoke one that is not used any more.",
    teacher: "A person can have {limit} tokens at most. Revoke one that is not used any more.",
  },
  token_not_found: {
    status: 404,
    student: "That one is over already.",
    teacher: "There is no such token.",
    api: "No such token {token} for user {name}",
  },
  no_token_for: {
    status: 403,
    student: "You may not do that for {name}.",
    teacher: "You may not make tokens for {name}.",
    api: "{kind} {name} not found or no permissions to generate tokens",
  },
  form_expired: {
    status: 403,
    student: "That form was open for too long or came from another page. Please try again.",
    api: "{reason}",
  },
  foreign_origin: {
    status: 403,
    student: "That request came from a page outside this box, so it was not carried out.",
    teacher:
      "That request came from a page outside this box ({theirs}; this is {ours}), so it was not carried out. If people reach the box by another web server, put that address into HOMEROOM_PUBLIC_URL, or the web server's into HOMEROOM_TRUSTED_PROXIES.",
  },
  internal: {
    status: 500,
    student: "Something went wrong. Tell your teacher this number: {request}",
  },

  // People
  wrong_password: {
    status: 403,
    student: "That user name and password do not match.",
    api: "Invalid username or password",
  },
  too_many_attempts: {
    status: 429,
    student: "Too many tries. Try again in {seconds} seconds.",
  },
  too_many_changes: {
    status: 429,
    student: "That was very much at once. Wait half a minute, then go on.",
    api: "Too many changes. Try again later.",
  },
  too_busy: {
    status: 503,
    student: "Very many people are signing in just now. Wait a few seconds, then try again.",
  },
  wrong_setup_code: { status: 403, student: "That is not the set-up code." },
  setup_done: { status: 409, student: "This box is already set up. Sign in instead." },
  name_empty: {
    status: 400,
    student: "A user name cannot be empty.",
    api: "Invalid username: {name}",
  },
  name_too_long: {
    status: 400,
    student: "“{name}” cannot be a user name: it is longer than {limit} characters.",
    api: "Invalid username: {name}",
  },
  name_reserved: {
    status: 400,
    student: "“{name}” cannot be a user name: the box uses that name itself.",
    api: "Invalid username: {name}",
  },
  name_start: {
    status: 400,
    student: "“{name}” cannot be a user name: it must begin with a letter or a digit.",
    api: "Invalid username: {name}",
  },
  name_space: {
    status: 400,
    student:
      "“{name}” cannot be a user name: it has a space in it. Use the letters a to z, digits and . _ - @",
    api: "Invalid username: {name}",
  },
  name_invisible: {
    status: 400,
    student:
      "“{name}” cannot be a user name: it has an invisible character in it. Use the letters a to z, digits and . _ - @",
    api: "Invalid username: {name}",
  },
  name_alphabet: {
    status: 400,
    student:
      "“{name}” cannot be a user name: its “{character}” is a letter of another alphabet. Use the letters a to z, digits and . _ - @",
    api: "Invalid username: {name}",
  },
  name_character: {
    status: 400,
    student:
      "“{name}” cannot be a user name: it has “{character}” in it. Use the letters a to z, digits and . _ - @",
    api: "Invalid username: {name}",
  },
  name_taken: {
    status: 409,
    student: "There is already someone with the user name {name}.",
    api: "User {name} already exists",
  },
  not_unique: {
    status: 400,
    student: "There is already someone with the user name {name}.",
    api: "User {name} already exists, username must be unique",
  },
  names_taken: {
    status: 409,
    student: "All of these {count} people have an account already.",
    api: "All {count} users already exist",
  },
  owners_only: {
    status: 403,
    student: "Only an owner of the box can do that.",
    api: "Only admins can {what}",
  },
  no_such_user: {
    status: 404,
    student: "There is nobody with the user name {name}.",
    api: "No such user: {name}",
  },
  sign_up_closed: {
    status: 403,
    student: "Nobody can make an account here just now. Ask your teacher for an account.",
  },
  sign_up_limit: {
    status: 429,
    student:
      "Too many people made an account from this computer or network in the last hour. Try again in {minutes} minutes, or ask your teacher for an account.",
  },
  join_code_missing: { status: 400, student: "Type the join code that your teacher shows." },
  join_code_wrong: {
    status: 403,
    student: "That code does not work (any more). Ask your teacher for the one of today.",
  },
  class_missing: { status: 400, student: "Choose your class." },
  class_not_found: { status: 404, student: "There is no such class.", api: "Not Found" },
  group_not_found: {
    status: 404,
    student: "There is no class called “{name}”.",
    api: "No such group: {name}",
  },
  group_taken: {
    status: 409,
    student: "There is already a class called “{name}”.",
    api: "Group {name} already exists",
  },
  group_name_wrong: {
    status: 400,
    student:
      "A class needs a name of 1 to {limit} visible characters, without backslashes and invisible ones.",
  },
  groups_full: { status: 409, student: "This box can have {limit} classes at most." },
  group_is_default: {
    status: 409,
    student: "New accounts join the class “{name}”, so it cannot be deleted.",
  },
  group_last: {
    status: 409,
    student: "{name} is only in the class “{group}”. Add them to another class first.",
  },
  group_member_unknown: {
    status: 400,
    student: "There is nobody with the user name {name}.",
    api: "No such user: {name}",
  },
  service_not_found: {
    status: 404,
    student: "There is no service called {name}.",
    api: "No such service: {name}",
  },
  /** For programs alone. */
  deprecated: { status: 404, student: "There is no such page here.", api: "{reason}" },
  shutdown_elsewhere: {
    status: 409,
    student: "This hub is ended by the program that started it.",
  },
  places_wrong: {
    status: 400,
    student:
      "How many may join is a whole number from 1 to {limit}. Leave it empty for any number.",
  },
  hours_wrong: { status: 400, student: "A code lasts more than 0 and at most {limit} hours." },
  not_a_newcomer: {
    status: 409,
    student: "{name} already belongs to the class, so nothing was changed.",
  },
  user_not_found: {
    status: 404,
    student: "There is nobody with the user name {name}.",
    api: "Not Found",
  },
  display_name_missing: { status: 400, student: "Type a name." },
  display_name_too_long: { status: 400, student: "A name may have at most {limit} characters." },
  list_too_long: {
    status: 400,
    student: "The list has {count} names. Add at most {limit} at a time.",
  },
  password_too_short: {
    status: 400,
    student: "A password needs at least {minimum} characters. Three words make a good one.",
  },
  password_too_long: {
    status: 400,
    student:
      "That password is too long: the box takes at most {limit} bytes. Choose a shorter one.",
  },
  password_is_name: {
    status: 400,
    student: "A password must be more than your user name. Three words make a good one.",
  },
  password_is_first: {
    status: 400,
    student: "Choose another password than the one you were given.",
  },
  password_unchanged: {
    status: 400,
    student: "Choose another password than the one you had.",
  },
  password_common: {
    status: 400,
    student: "That password is one of the first that others would try. Choose another.",
  },
  password_repeat: { status: 400, student: "The two passwords are not the same." },
  current_password_wrong: { status: 403, student: "That is not your current password." },
  last_owner: {
    status: 409,
    student: "{name} is the only owner of this box. Make someone else an owner first.",
  },
  cannot_delete_self: {
    status: 400,
    student: "You cannot remove yourself.",
    api: "Cannot delete yourself!",
  },

  cannot_disable_self: { status: 400, student: "You cannot lock your own account." },
  account_locked: {
    status: 403,
    student: "This account is locked. Ask your teacher to unlock it.",
    api: "This account is locked",
  },
  not_in_trash: {
    status: 404,
    student: "That account is not in the trash.",
    api: "Not Found",
  },
  confirmation_wrong: {
    status: 400,
    student: "That is not the user name of this account, so nothing was erased. Type {name}.",
  },
  erasing_now: {
    status: 409,
    student: "The account {name} is being erased and cannot be brought back.",
  },

  // Notebooks: before and while starting
  user_disabled: {
    status: 403,
    student: "This account is locked, so its notebook cannot be opened. Ask your teacher.",
    teacher: "The account {name} is locked. Unlock it first, then open the notebook.",
    api: "The account {name} is locked",
  },
  not_running: {
    status: 424,
    student: "Your notebook is asleep.",
    teacher: "The notebook of {name} is not running.",
    api: "JupyterHub server no longer running at {path}. Restart the server at {start_url}",
  },
  already_running: {
    status: 400,
    student: "Your notebook is already open.",
    api: "{name} is already running",
  },
  pending_stop: {
    status: 400,
    student: "Your notebook is just closing. Try again in a moment.",
    api: "{name} is pending stop",
  },
  named_servers_off: {
    status: 400,
    student: "Everybody has one notebook here. Open it from the home page.",
    api: "Named servers are not enabled.",
  },
  server_not_found: {
    status: 404,
    student: "There is no such notebook.",
    api: "{name} has no server named '{server}'",
  },
  server_name_wrong: {
    status: 400,
    student:
      "“{name}” cannot name a notebook: 1 to {limit} letters and digits, and within them spaces and . _ ~ @ -",
    api: "Invalid server_name: '{name}'",
  },
  server_name_taken: {
    status: 400,
    student:
      "“{name}” cannot name a notebook: the notebooks themselves use that word. Choose another.",
    api: "Invalid server_name: '{name}'",
  },
  server_title_wrong: {
    status: 400,
    student: "A notebook's title has 1 to {limit} visible characters.",
    api: "Invalid display_name: '{name}'",
  },
  servers_full: {
    status: 400,
    student:
      "There can be {limit} notebooks besides the first one. Delete one before you make another.",
    teacher:
      "{name} has {limit} notebooks besides the first one, and there can be no more. Delete one first.",
    api: "User {name} already has the maximum of {limit} named servers.  One must be deleted before a new server can be created",
  },
  server_exists: {
    status: 409,
    student: "There is already a notebook called “{server}”.",
    api: "User {name} already has server '{server}'",
  },
  default_exists: {
    status: 409,
    student: "There is that notebook already.",
    api: "User {name} already has a default server",
  },
  server_unknown: {
    status: 404,
    student: "There is no such notebook.",
    api: "User {name} has no such server '{server}'",
  },
  server_active: {
    status: 400,
    student: "Stop the notebook first, then change it.",
    api: "{name} is active. Please stop it before modifying it.",
  },
  server_removing: {
    status: 409,
    student: "That notebook is just being deleted. Try again in a moment.",
    api: "{name} is being deleted",
  },
  cannot_delete_default: {
    status: 400,
    student: "The first notebook cannot be deleted.",
    api: "Cannot delete the default server",
  },
  option_nameless: {
    status: 422,
    student: "That address is not whole: it has an option without a name.",
    api: "Invalid user-option name {name}",
  },
  profile_not_offered: {
    status: 400,
    student: "There is no notebook called “{profile}” to choose. There are: {offered}.",
    api: "There is no profile '{profile}' to choose: there are {offered}",
  },
  server_not_there: {
    status: 404,
    student: "There is no such notebook.",
    api: "No such server: {name}/{server}",
  },
  share_scope_denied: {
    status: 403,
    student: "You may not give others that much of this notebook.",
    api: "Do not have permission to grant share with scope {scope}",
  },
  share_name_denied: {
    status: 403,
    student: "You may not choose people by name. Make a link and give it to them.",
    api: "Need scope '{scope}' to share with {what} by name",
  },
  share_with_nobody: {
    status: 400,
    student: "There is no {kind} called {name}.",
    api: "No such {kind}: {name}",
  },
  share_with_self: {
    status: 400,
    student: "That is your own notebook: you can open it anyway.",
    api: "You can't share with yourself!",
  },
  share_own_link: {
    status: 403,
    student: "That is your own notebook: give the link to somebody else.",
    api: "You can't share with yourself!",
  },
  shares_full: {
    status: 400,
    student: "There are {limit} already. Take some back first.",
    api: "This user's servers have {limit} shares already",
  },
  share_not_found: {
    status: 404,
    student: "That was taken back already.",
    api: "No such share for {kind} {name} on {server}",
  },
  share_code_not_found: {
    status: 404,
    student: "That link is over, or it is not whole. Ask for a new one.",
    api: "{reason}",
  },
  share_code_over: {
    status: 400,
    student: "That link is over. Ask for a new one.",
    api: "Invalid share code",
  },
  visit_first: {
    status: 403,
    student: "This is somebody else's notebook. Open its page in the browser and confirm first.",
    api: "Confirm the visit to this server in a browser first, or use an API token",
  },
  on_visit: {
    status: 403,
    student:
      "This browser is in somebody else's notebook and opens nothing else. Sign in again first.",
    api: "This session is on a visit to another server; sign in again first",
  },
  stop_first: {
    status: 400,
    student: "The notebook of {name} is just closing. Try again in a moment.",
    api: "{name}'s server is in the process of stopping, please wait.",
  },
  activity_in_future: {
    status: 400,
    student: "That time has not come yet.",
    api: "Rejecting activity from more than an hour in the future: {time}",
  },
  not_starting: {
    status: 400,
    student: "Your notebook is not starting.",
    api: "{name} is not starting...",
  },
  start_cancelled: { status: 409, student: "Starting was cancelled.", api: "Spawn cancelled" },
  docker_unreachable: {
    status: 503,
    student: "The box cannot open notebooks just now. Tell your teacher.",
    teacher:
      "Docker does not answer ({detail}). Start Docker on the box: ./homeroom up does it. Accounts and files are safe.",
  },
  image_missing: {
    status: 503,
    student: "The notebook is not installed on this box yet. Tell your teacher.",
    teacher:
      "The image {image} is not on this box. ./homeroom up builds Homeroom's own; another one comes with: docker pull {image}",
  },
  profile_missing: {
    status: 503,
    student: "The notebook is not set up on this box. Tell your teacher.",
    teacher: "There is no notebook profile called {profile} in the configuration.",
  },
  pool_exhausted: {
    status: 503,
    student: "The box has no room for another notebook just now. Tell your teacher.",
    teacher:
      "Every private network of the pool {pool} is in use. Choose a larger pool with HOMEROOM_POOL.",
  },
  pool_conflict: {
    status: 503,
    student: "The box cannot open notebooks just now. Tell your teacher.",
    teacher:
      "The pool {pool} overlaps {network}, which this box's own network uses. Choose another with HOMEROOM_POOL.",
  },
  foreign_object: {
    status: 503,
    student: "The box cannot open your notebook. Tell your teacher.",
    teacher:
      "Docker already has a {kind} called {name} that is not Homeroom's. Remove or rename it, then start again.",
  },
  instance_in_use: {
    status: 503,
    student: "The box cannot open notebooks just now. Tell your teacher.",
    teacher:
      "Another Homeroom with a copy of this one's data folder runs on this machine, and the notebooks are left to it. Stop one of the two, then start the other again.",
  },
  disk_full: {
    status: 503,
    student: "The box's disk is full. Tell your teacher.",
    teacher: "No space is left on the disk of the box ({detail}). Free some, then start again.",
  },
  path_outside_home: { status: 400, student: "That path does not lie in the home." },
  // Moving in from another server: told on the command line
  import_unreadable: { status: 400, student: "Nothing was taken in. {detail}" },
  import_too_slow: {
    status: 400,
    student: "Reading the files took longer than {seconds} seconds and was given up.",
  },
  import_no_python: {
    status: 503,
    student: "The notebook image has no Python to read the files with.",
    teacher:
      "The notebook image has no Python to read the files with. Move in with Homeroom's own image, and name another one afterwards.",
  },
  import_same_name: {
    status: 409,
    student: "Somebody else of the list is called {name} here already.",
  },
  import_not_awaited: {
    status: 409,
    student:
      "No files are awaited for {name}: they came already, or the account did not come from elsewhere.",
  },
  archive_incomplete: {
    status: 400,
    student: "The files did not come in whole, so nothing was changed. Send them again.",
  },
  home_full: {
    status: 503,
    student: "Your files fill all the space you have. Delete some files, then start again.",
    teacher: "The home of {name} is full.",
  },
  count_timeout: {
    status: 503,
    student: "Counting the files took longer than {seconds} seconds and was given up.",
  },
  count_failed: { status: 503, student: "The files could not be counted." },
  out_of_memory: {
    status: 424,
    student: "Your notebook ran out of memory and was closed. Your saved files are safe.",
    teacher: "The notebook ran out of memory (limit {limit}) and was ended.",
  },
  crashed: {
    status: 424,
    student: "Your notebook stopped by itself. Your saved files are safe.",
    teacher: "The notebook ended with exit code {exit_code}. Its log says why.",
  },
  removed_outside: {
    status: 424,
    student: "Your notebook was closed from outside. Your saved files are safe.",
    teacher: "The container was removed, but not by Homeroom.",
  },
  exited_at_once: {
    status: 424,
    student: "Your notebook did not start. Try again, or tell your teacher.",
    teacher:
      "The container ended right after its start, with exit code {exit_code}. Its log says why.",
  },
  no_command: {
    status: 424,
    student: "Your notebook did not start. Tell your teacher.",
    teacher:
      "The image's command could not be run (exit code {exit_code}): it is not in the image, or user 1000 may not run it. The log says which command.",
  },
  wrong_architecture: {
    status: 424,
    student: "The notebook on this box is made for other computers. Tell your teacher.",
    teacher:
      "The image {image} is made for {made} processors, and this box has {own}. Get it for this one: docker pull --platform linux/{own} {image}",
  },
  answers_inside: {
    status: 424,
    student: "Your notebook did not open properly. Tell your teacher.",
    teacher:
      "The app listens on port {port} for its own container alone (127.0.0.1). Let it listen on 0.0.0.0: most have an option such as --host or --ip for the profile's command.",
  },
  answers_elsewhere: {
    status: 424,
    student: "Your notebook did not open properly. Tell your teacher.",
    teacher:
      "Nothing listens on port {port} of the container, but on {others}. Write that as port of the profile.",
  },
  base_unknown: {
    status: 424,
    student: "Your notebook did not open properly. Tell your teacher.",
    teacher:
      "What answers on port {port} has nothing at {path} (404): it does not know that it is there. Tell it by command or environment of the profile, or, for a web app, set stripPrefix.",
  },
  never_answered: {
    status: 424,
    student: "Your notebook took too long to open. Try again, or tell your teacher.",
    teacher: "The container ran for {seconds} seconds, but nothing answered on port {port}.",
  },
  answered_garbage: {
    status: 424,
    student: "Your notebook did not open properly. Try again, or tell your teacher.",
    teacher:
      "Port {port} of the container is open, but what answers there is not Jupyter ({detail}).",
  },
  start_timeout: {
    status: 424,
    student: "Your notebook took too long to open. Try again, or tell your teacher.",
    teacher: "The step “{step}” did not end within {seconds} seconds.",
  },
  not_answering: {
    status: 503,
    student: "Your notebook does not answer just now. Wait a moment, then load the page again.",
    teacher: "The container of {name} runs, but does not answer.",
  },
  bad_reply: {
    status: 502,
    student: "Your notebook sent something that the box cannot pass on. Load the page again.",
    teacher: "The container of {name} answered in a way that is not HTTP.",
  },
  spawner_failed: {
    status: 503,
    student: "Your notebook did not start. Try again, or tell your teacher.",
    teacher: "Docker refused: {detail}",
  },

  // The box
  database_locked: {
    status: 503,
    student: "The box is busy. Try again in a moment.",
    teacher:
      "The database in {path} is in use by another Homeroom. Only one hub may use a data folder: stop the other one first.",
  },
  database_unreadable: {
    status: 503,
    student: "The box cannot read its list of people. Tell your teacher.",
    teacher:
      "The database in {path} cannot be read: {detail}. Nothing was changed. Keep a copy of the data folder as it is, then put back one that you made earlier.",
  },
  database_restored_whole: {
    status: 503,
    student: "The box repaired its list of people. Sign in again.",
    teacher:
      "The database was damaged ({detail}) and was restored from its export and journal. Nothing was lost. Everyone has to sign in again.",
  },
  database_restored_older: {
    status: 503,
    student: "The box repaired its list of people from an older copy. Tell your teacher.",
    teacher:
      "The database was damaged ({detail}) and was restored as it was on {time} (UTC). Changes lost since then: {count}. People who were added since are missing, and whoever was given or chose a password since has the old one again. Everyone has to sign in again.",
  },
  exports_not_written: {
    status: 503,
    student: "The box cannot save copies of its list of people. Tell your teacher.",
    teacher:
      "The exports of the database cannot be written: {detail}. Changes are saved, but if the database were damaged now, the newest ones could not be brought back. Look whether the disk is full; the hub keeps trying.",
  },
  disk_reserve_used: {
    status: 503,
    student: "The box has almost no room left. Tell your teacher.",
    teacher:
      "The disk is full. People can still sign in because Homeroom uses the room that it kept aside for that, and this will not last long. Make room: {megabytes} MB must be free, then Homeroom keeps some aside again.",
  },
  database_newer: {
    status: 503,
    student: "The box cannot read its list of people. Tell your teacher.",
    teacher:
      "The database in {path} was written by a newer Homeroom (schema {found}; this one knows {known}). Update Homeroom.",
  },
  database_write_failed: {
    status: 503,
    student: "The box could not save that. Nothing was changed. Tell your teacher.",
    teacher: "The database could not be written: {detail}. Nothing was changed.",
  },
  port_in_use: {
    status: 503,
    student: "The box could not start.",
    teacher:
      "Port {port} on {address} is already used by another program. Choose another with HOMEROOM_PORT.",
  },
  cannot_listen: {
    status: 503,
    student: "The box could not start.",
    teacher: "The hub cannot listen on port {port} of {address} ({detail}).",
  },
  /** Of a client that sends people here; told to them, as it cannot be known whom else it would reach. */
  oauth_request: {
    status: 400,
    student: "That address is not whole. Open the notebook again from your home page.",
    teacher: "That address is not whole ({detail}). Open the notebook again from your home page.",
    api: "{detail}",
  },
  oauth_no_access: {
    status: 403,
    student: "That is {name}'s notebook, and you may not open it.",
    api: "You do not have permission to access {client}",
  },
  oauth_no_service: {
    status: 403,
    student: "You may not use {name}. Ask your teacher.",
    teacher: "You may not use {name}. Who may is a setting of the box.",
    api: "You do not have permission to access {client}",
  },
  no_door: {
    status: 503,
    student: "Your notebook could not start. Tell your teacher.",
    teacher:
      "The hub cannot listen on port {port} of {address}, where this notebook asks who visits ({detail}).",
  },
  no_default_route: {
    status: 503,
    student: "The box could not start.",
    teacher:
      "There is no interface with a default route to listen on. Name an address with HOMEROOM_BIND.",
  },
  data_folder: {
    status: 503,
    student: "The box could not start.",
    teacher: "The data folder {path} cannot be used: {detail}.",
  },
  owner_several: {
    status: 400,
    student: "This box has more than one owner: {names}. Say which: ./homeroom reset-owner NAME",
  },
  owner_there: {
    status: 409,
    student:
      "{name} is no owner of this box, and was not made one: {names} can do that. If the owner forgot the password: ./homeroom reset-owner NAME",
  },
  owner_none: {
    status: 409,
    student: "This box has no owner. Say who shall be one: ./homeroom reset-owner NAME",
  },
  owner_nobody: {
    status: 409,
    student:
      "Nobody has an account on this box yet. The first one is made with the set-up code: ./homeroom setup-code",
  },
  hub_stopping: {
    status: 503,
    student: "The box is restarting. Wait a moment, then load the page again.",
  },
} as const satisfies Record<string, Failure>;

interface Failure {
  readonly status: number;
  readonly student: string;
  readonly teacher?: string;
  readonly api?: string;
}

export type FailureCode = keyof typeof failures;

type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type TextsOf<Code extends FailureCode> = (typeof failures)[Code] extends infer Entry
  ? Entry[keyof Entry]
  : never;

type FailureParams<Code extends FailureCode> = {
  readonly [Name in Placeholders<TextsOf<Code>>]: string | number;
};

type ParamsArgument<Code extends FailureCode> = [Placeholders<TextsOf<Code>>] extends [never]
  ? [params?: Record<string, never>, options?: HubErrorOptions]
  : [params: FailureParams<Code>, options?: HubErrorOptions];

interface HubErrorOptions extends ErrorOptions {
  /** Seconds for the `Retry-After` header. */
  readonly retryAfter?: number;
}

/** A failure as plain data, as it crosses the spawner's seam and as it is stored. */
export interface FailureData {
  readonly code: FailureCode;
  readonly params: Readonly<Record<string, string | number>>;
}

/** A failure from the table. `message` is for the log and for API clients; `cause` goes to the log alone. */
export class HubError<Code extends FailureCode = FailureCode> extends Error {
  override readonly name = "HubError";
  readonly code: Code;
  readonly params: Readonly<Record<string, string | number>>;
  readonly status: number;
  readonly retryAfter: number | undefined;

  constructor(code: Code, ...[params, options]: ParamsArgument<Code>) {
    const values: Readonly<Record<string, string | number>> = params ?? {};
    super(failureText({ code, params: values }, "api"), options);
    this.code = code;
    this.params = values;
    this.status = failures[code].status;
    this.retryAfter = options?.retryAfter;
  }

  toData(): FailureData {
    return { code: this.code, params: this.params };
  }

  /** A failure that crossed a seam as data, thrown again on this side. */
  static from(data: FailureData, options?: HubErrorOptions): HubError {
    // The placeholders of a code known only at run time were checked where the data was made.
    const rest = [data.params, options] as unknown as ParamsArgument<FailureCode>;
    return new HubError(data.code, ...rest);
  }
}

/** The English sentence of a failure for one kind of reader. */
export function failureText(failure: FailureData, reader: "student" | "teacher" | "api"): string {
  const entry: Failure = failures[failure.code];
  const text = entry[reader] ?? entry.student;
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    String(failure.params[name] ?? whole),
  );
}

export function isFailureCode(value: string): value is FailureCode {
  return Object.hasOwn(failures, value);
}
