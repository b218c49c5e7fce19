# shellcheck shell=sh
# What the other parts of `homeroom` talk with: one line for each step, a log, and sentences when something fails.

say() {
  printf '%s\n' "$*"
}

die() {
  printf 'homeroom: %s\n' "$*" >&2
  exit 1
}

die_with_log() {
  {
    tail -n 15 "$log" | sed 's/^/  | /'
    printf 'homeroom: %s\nThe whole log: %s\n' "$*" "$log"
  } >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

is_root() {
  [ "$(id -u)" -eq 0 ]
}

require_root() {
  is_root || die "$1, and only root can change that. Run: sudo ./homeroom $command"
}

# A fresh log for this run, and a folder for what is needed only until its end.
begin_log() {
  if is_root; then
    log_folder=/var/log/homeroom
  else
    log_folder=${XDG_STATE_HOME:-$HOME/.local/state}/homeroom
  fi
  mkdir -p "$log_folder" || die "The log folder $log_folder cannot be made."
  log=$log_folder/$project.log
  : >"$log" || die "The log $log cannot be written."
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# step <what> <command ...>: what the command prints goes to the log; it may name its `outcome` when it fails.
# NOTE: the command runs where `set -e` has no effect.
step() {
  printf '%s ... ' "$1"
  shift
  outcome=failed
  begun=$(date +%s)
  if "$@" >>"$log" 2>&1 </dev/null; then
    printf '%s s\n' "$(($(date +%s) - begun))"
    return 0
  fi
  printf '%s\n' "$outcome"
  return 1
}

# persistently <command ...>: for what asks the network, where most of what fails goes well a moment later.
persistently() {
  for pause in 5 20; do
    "$@" && return
    say "Trying $1 again in $pause seconds."
    sleep "$pause"
    # What apt knew of the mirror may be why it failed.
    apt_is_fresh=
  done
  "$@"
}

apt_is_fresh=

refresh_apt() {
  [ -z "$apt_is_fresh" ] || return 0
  # One unreachable source of several is no reason to stop: the installation tells whether it was needed.
  apt-get -o DPkg::Lock::Timeout=300 update || :
  apt_is_fresh=yes
}

# RUNLEVEL=1 keeps packages from starting services where no systemd runs: that is done here, with the reason of a
# failure at hand.
apt_install() {
  refresh_apt
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 \
    install --yes --no-install-recommends "$@"
}

# The version that apt would install; nothing when it knows none.
apt_candidate() {
  apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v '^(none)$'
}
