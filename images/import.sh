# shellcheck shell=sh
# `import`: the files of a JupyterHub lie where the hub's container cannot see them. They are read here, and handed to
# the hub by standard input.

import_people() {
  case ${1-} in
    jupyterhub)
      shift
      import_jupyterhub "$@"
      ;;
    *) hub_command import "$@" ;;
  esac
}

import_jupyterhub() {
  database='' passwords='' homes='' volumes='' admins=teacher apply='' json=''
  while [ $# -gt 0 ]; do
    flag=$1
    shift
    case $flag in
      --apply) apply=yes && continue ;;
      --json) json=yes && continue ;;
      --help | -h | help)
        hub_command import help
        return
        ;;
      --*=*)
        value=${flag#*=}
        flag=${flag%%=*}
        ;;
      *)
        [ $# -gt 0 ] || import_usage "the value of $flag is missing"
        value=$1
        shift
        ;;
    esac
    case $flag in
      --database) database=$value ;;
      --passwords) passwords=$value ;;
      --homes) homes=$value ;;
      --volumes) volumes=$value ;;
      --admins) admins=$value ;;
      *) import_usage "import jupyterhub does not take $flag" ;;
    esac
  done
  check_import
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Before anything is changed: a folder that is not there is no reason to have accounts without files.
  list_sources >"$scratch/sources"
  read_accounts | hub_command import jupyterhub --admins="$admins" ${apply:+--apply} ${json:+--json} || exit
  [ -z "$apply" ] || [ -z "$homes$volumes" ] || bring_homes
}

import_usage() {
  echo "homeroom: $1" >&2
  hub_command import help >&2 </dev/null || :
  exit 2
}

check_import() {
  require_engine
  is_built || die "Homeroom has not been built on this machine yet. Do it with: ./homeroom up"
  [ -n "$database" ] || import_usage "say where the database of JupyterHub is: --database /path/to/jupyterhub.sqlite"
  [ -z "$homes" ] || [ -z "$volumes" ] || import_usage "the files are in folders (--homes) or in volumes (--volumes)"
  case $volumes in
    '' | *'{username}'*) ;;
    *) import_usage "--volumes needs {username} in it, such as jupyterhub-user-{username}" ;;
  esac
  [ -f "$database" ] || die "There is no file $database, or this account may not see it (then: sudo ./homeroom import ...)."
  if [ -n "$passwords" ]; then
    for end in .db .dat .dir .pag; do
      passwords=${passwords%"$end"}
    done
    for end in '' .db .dat; do
      [ ! -f "$passwords$end" ] || return 0
    done
    die "There is no file $passwords, or this account may not see it (then: sudo ./homeroom import ...)."
  fi
}

# A container that sees nothing but what is mounted, and can only read: more than this account may, perhaps.
reader() {
  docker run --rm --pull never --network none --read-only --user 0:0 --cap-drop ALL \
    --cap-add DAC_READ_SEARCH --security-opt no-new-privileges "$@"
}

# As `--mount` takes it: quoted, as a name may have a comma.
bound() {
  printf 'type=bind,readonly,"source=%s",target=%s' "$(readlink -f -- "$1")" "$2"
}

# As src/services/import/read-jupyterhub.py wants it.
read_accounts() {
  set --
  # What SQLite keeps beside a database that was not closed belongs to it.
  for end in '' -wal -journal; do
    [ ! -f "$database$end" ] || set -- "$@" --mount "$(bound "$database$end" "/from/database/hub.sqlite$end")"
  done
  if [ -n "$passwords" ]; then
    for end in '' .db .dat .dir .pag; do
      [ ! -f "$passwords$end" ] || set -- "$@" --mount "$(bound "$passwords$end" "/from/passwords/passwords.dbm$end")"
    done
  fi
  reader "$@" --entrypoint tar "$project-hub" -C /from -cf - .
}

# Folders or volumes that may be homes, each on a line.
list_sources() {
  if [ -n "$homes" ]; then
    # shellcheck disable=SC2016 # for the container's shell
    reader --mount "$(bound "$homes" /from)" --entrypoint sh "$project-hub" -c \
      'cd /from && for folder in * .[!.]*; do if [ -d "$folder" ] && [ ! -L "$folder" ]; then printf "%s\n" "$folder"; fi; done' ||
      die "The folder $homes cannot be read."
  elif [ -n "$volumes" ]; then
    docker volume ls --format '{{.Name}}'
  fi
}

bring_homes() {
  hub_command import homes >"$scratch/homes" </dev/null || exit
  tab=$(printf '\t')
  failed=
  while IFS=$tab read -r name was spelling other plain; do
    found=$(sources_of "$was" "$spelling" "$other" "$plain" | sort -u | grep -Fx -f "$scratch/sources") || found=
    case $found in
      '') echo "$name: there are no files at JupyterHub." ;;
      *"
"*) echo "$name: left out, as there is more than one volume: $(echo "$found" | tr '\n' ' ')" && failed=yes ;;
      *) read_home "$found" | hub_command import home "$name" || failed=yes ;;
    esac
  done <"$scratch/homes" >&2
  [ -z "$failed" ] || die "Not all files came along. What is missing comes when this is run again."
}

sources_of() {
  if [ -n "$homes" ]; then
    echo "$1"
    return
  fi
  shift
  for spelling_of in "$@"; do
    [ -z "$spelling_of" ] || echo "${volumes%%"{username}"*}$spelling_of${volumes#*"{username}"}"
  done
}

# Files, folders and links; what else may lie there is nothing to keep.
read_home() {
  if [ -n "$homes" ]; then
    set -- "$(bound "$homes" /from)" "/from/$1"
  else
    set -- "type=volume,readonly,volume-nocopy,source=$1,target=/from" /from
  fi
  # shellcheck disable=SC2016 # for the container's shell
  reader --mount "$1" --entrypoint sh "$project-hub" -c \
    'cd "$1" && find . -xdev -mindepth 1 "(" -type f -o -type d -o -type l ")" -print0 | tar --null --no-recursion -T - -cf -' sh "$2"
}
