# shellcheck shell=sh
# Settings: from the environment, else from the file .env. A second installation on the same box has another
# COMPOSE_PROJECT_NAME and keeps its settings in .env.<that name>.

# compose.yaml is the list.
setting_names() {
  grep -o 'HOMEROOM_[A-Z_]*[A-Z]' "$here/compose.yaml" | grep -v '_INPUTS$' | sort -u
}

setting_in_file() {
  sed -n "s/^ *$1=//p" "$settings_file" | tail -n 1 | sed "s/^'\(.*\)'\$/\1/; s/^\"\(.*\)\"\$/\1/; s/\\\\'/'/g"
}

# setting <name> [default]
setting() {
  value=$(printenv "$1") || value=$(setting_in_file "$1")
  printf '%s\n' "${value:-${2-}}"
}

read_settings() {
  find_settings_file "$here/.env"
  usual=$(setting_in_file COMPOSE_PROJECT_NAME)
  usual=${usual:-homeroom}
  project=${COMPOSE_PROJECT_NAME:-$usual}
  case $project in
    *[!a-z0-9_-]* | [!a-z0-9]*)
      die "COMPOSE_PROJECT_NAME is '$project': it may have a-z, 0-9, _ and -, and begins with a letter or digit."
      ;;
  esac
  [ "$project" = "$usual" ] || find_settings_file "$here/.env.$project"

  # An empty variable is taken as not set, by Compose too; `up` forgets what was kept under its name.
  forgotten=
  for name in $(setting_names); do
    if printenv "$name" >/dev/null && [ -z "$(printenv "$name")" ]; then
      forgotten="$forgotten $name"
      unset "$name"
    fi
  done
  # Kept for runs from other folders.
  case ${HOMEROOM_CA_FILE-} in
    "" | /*) ;;
    *) HOMEROOM_CA_FILE=$PWD/$HOMEROOM_CA_FILE ;;
  esac
  ca_file=$(setting HOMEROOM_CA_FILE "${SSL_CERT_FILE-}")
}

# Compose is always told which file: by itself it would read the .env of the usual installation for any other.
find_settings_file() {
  env_file=$1
  settings_file=/dev/null
  [ ! -f "$env_file" ] || settings_file=$env_file
}

# What can be said before minutes of building. The hub checks the rest.
check_settings() {
  for name in $(env | sed -n 's/^\(HOMEROOM_[A-Z_]*\)=.*/\1/p' | grep -v '^HOMEROOM_TEST_'); do
    case "
$(setting_names)
" in
      *"
$name
"*) ;;
      *) echo "homeroom: $name is not a setting of this script; it is left out." >&2 ;;
    esac
  done

  port=$(setting HOMEROOM_PORT 8000)
  case $port in
    *[!0-9]* | 0* | ??????*) refuse "HOMEROOM_PORT is '$port': it must be a number from 1 to 65535." ;;
  esac
  [ "$port" -le 65535 ] || refuse "HOMEROOM_PORT is '$port': it must be a number from 1 to 65535."

  bind=$(setting HOMEROOM_BIND 0.0.0.0)
  printf '%s\n' "$bind" | grep -qxE '([0-9]{1,3}\.){3}[0-9]{1,3}' ||
    refuse "HOMEROOM_BIND is '$bind': it must be an IPv4 address of this machine, such as 127.0.0.1."

  base_path=$(setting HOMEROOM_BASE_PATH /)
  printf '%s\n' "$base_path" | grep -qxE '/([A-Za-z0-9._~-]+/)*' ||
    refuse "HOMEROOM_BASE_PATH is '$base_path': it must begin and end with a slash, like / or /jupyterhub/."

  if [ -n "$(setting HOMEROOM_CA_FILE)" ] && [ ! -r "$ca_file" ]; then
    refuse "HOMEROOM_CA_FILE is '$ca_file': that file cannot be read."
  fi
}

refuse() {
  printf 'homeroom: %s\n' "$*" >&2
  exit 2
}

# The settings file as it shall be, put aside until the hub has agreed.
draft_settings() {
  cat "$settings_file" >"$scratch/settings"
  settings_file=$scratch/settings
  kept=
  for name in $(setting_names); do
    value=$(printenv "$name") || continue
    [ "$value" != "$(setting_in_file "$name")" ] || continue
    case $value in
      *\\* | *"
"*) refuse "$name may not have a backslash or a line break in it." ;;
    esac
    replace_line "$name" "$name='$(printf '%s' "$value" | sed "s/'/\\\\'/g")'"
    kept="$kept $name"
  done
  for name in $forgotten; do
    replace_line "$name" ""
  done
}

# replace_line <name> <line>: an empty line removes the setting.
replace_line() {
  {
    grep -v "^ *$1=" "$settings_file" || :
    [ -z "$2" ] || printf '%s\n' "$2"
  } >"$scratch/replaced"
  mv "$scratch/replaced" "$settings_file"
}

# Without this, a later plain `./homeroom up` would move a box back to its defaults.
keep_settings() {
  if [ -n "$kept$forgotten" ]; then
    cat "$settings_file" >"$env_file" || die "The settings cannot be kept: $env_file cannot be written."
  fi
  find_settings_file "$env_file"
  [ -z "$kept" ] || say "Kept in $(basename "$env_file") for the next time:$kept"
}

# port_taken <port> <address>: read from the kernel, as a bare machine has no program for it.
port_taken() {
  wanted=$(printf ':%04X' "$1")
  # An address of /proc/net/tcp has its bytes in the machine's order: told apart are only "all" and "one of them".
  awk -v port="$wanted" -v all="$([ "$2" = 0.0.0.0 ] && echo yes)" '
    $4 == "0A" && substr($2, length($2) - 4) == port && (all || $2 ~ /^0+:/) { taken = 1 }
    END { exit !taken }
  ' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Where people find Homeroom, one address on a line.
addresses() {
  public_url=$(setting HOMEROOM_PUBLIC_URL)
  port=$(setting HOMEROOM_PORT 8000)
  base_path=$(setting HOMEROOM_BASE_PATH /)
  [ -z "$public_url" ] || say "  ${public_url%/}$base_path"
  shown_port=:$port
  [ "$port" -ne 80 ] || shown_port=
  bind=$(setting HOMEROOM_BIND 0.0.0.0)
  [ "$bind" != 0.0.0.0 ] || bind=$(lan_addresses)
  for address in ${bind:-localhost}; do
    say "  http://$address$shown_port$base_path"
  done
}

# The IPv4 addresses of this machine, without those that it has in Docker's networks: an engine that does not name
# the latter takes each subnet's first.
lan_addresses() {
  # shellcheck disable=SC2046 # one argument for each network
  bridges=$(docker network inspect --format '{{range .IPAM.Config}}{{println .Gateway}}{{println .Subnet}}{{end}}' \
    $(docker network ls --quiet) 2>/dev/null | awk -F '[./]' 'NF == 5 { $0 = $1 "." $2 "." $3 "." $4 + 1 } { print }')
  hostname -I | tr ' ' '\n' | grep -F . | grep -vxF "$bridges" || :
}
