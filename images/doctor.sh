# shellcheck shell=sh
# What `doctor` sees from outside the hub. Each check prints a line for the hub's own part, which puts all together:
# ok, warning or bad; a name; what was found; what to do; with tabs between them.

found() {
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4-}"
}

outside_checks() {
  check_docker || return 0
  check_compose || return 0
  check_hub
  check_images
  check_port
  check_docker_disk
}

# Fails when there is no Docker to ask for the rest.
check_docker() {
  if ! have docker; then
    found bad docker "Docker is not installed on this machine." "Install and start it with: ./homeroom up"
    return 1
  fi
  if ! engine_answers; then
    if [ -n "${DOCKER_HOST-}" ]; then
      found bad docker "DOCKER_HOST is '$DOCKER_HOST', and no Docker answers there." "Unset it: Homeroom needs the Docker of this machine."
    elif ! is_root && [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
      found bad docker "This account may not use Docker." "Run: sudo ./homeroom doctor"
    else
      found bad docker "Docker is installed, but does not run." "Start it with: ./homeroom up"
    fi
    return 1
  fi
  version=$(docker version --format '{{.Server.Version}}')
  if is_older "$version" 20 10; then
    found warning docker "Docker $version answers; Homeroom is tried with 20.10 and later." "Bring Docker up to date."
  else
    found ok docker "Docker $version answers."
  fi
}

# is_older <version> <major> <minor>: what is no version counts as new.
is_older() {
  printf '%s\n' "$1" | awk -F '[.+~-]' -v major="$2" -v minor="$3" '
    $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && ($1 + 0 < major || ($1 + 0 == major && $2 + 0 < minor)) { older = 1 }
    END { exit !older }'
}

check_compose() {
  if ! docker compose version >/dev/null 2>&1; then
    found bad compose "Docker Compose is missing." "Install it with: ./homeroom up"
    return 1
  fi
  if docker buildx version >/dev/null 2>&1; then
    found ok compose "Docker Compose $(docker compose version --short 2>/dev/null) answers."
  else
    found warning compose "Docker Buildx is missing: images cannot be built." "Install it with: ./homeroom up"
  fi
}

check_hub() {
  if hub_answers; then
    found ok hub "Homeroom is running."
    return
  fi
  case $(docker inspect --format '{{.State.Status}} {{.RestartCount}}' "$(hub_container)" 2>/dev/null) in
    "running 0") found bad hub "Homeroom is running, but does not answer." "./homeroom logs tells why." ;;
    running* | restarting*)
      found bad hub "Homeroom ends again each time it is started." "./homeroom logs tells why."
      ;;
    *) found warning hub "Homeroom is not running." "Start it with: ./homeroom up" ;;
  esac
}

hub_answers() {
  hub_runs && docker exec "$(hub_container)" homeroom health >/dev/null 2>&1
}

check_images() {
  wanted=hub
  [ -n "$(setting HOMEROOM_NOTEBOOK_IMAGE)" ] || wanted="hub notebook"
  missing=
  old=
  for name in $wanted; do
    if ! built=$(docker image inspect --format '{{index .Config.Labels "homeroom.inputs"}}' "$project-$name" 2>/dev/null); then
      missing="$missing, $project-$name"
    elif [ -n "$built" ] && [ "$built" != "$(image_inputs "$name")" ]; then
      old="$old, $project-$name"
    fi
  done
  if [ -n "$missing" ]; then
    found bad images "Not on this box: ${missing#, }." "Build it with: ./homeroom up"
  elif [ -n "$old" ]; then
    found warning images "Older than the files beside this script: ${old#, }." "Build it anew with: ./homeroom up"
  else
    found ok images "The images are built."
  fi
}

check_port() {
  port=$(setting HOMEROOM_PORT 8000)
  if hub_runs; then
    published=$(docker port "$(hub_container)" 8000 2>/dev/null | sed -n 's/.*:\([0-9]*\)$/\1/p' | head -n 1)
    if [ "$published" = "$port" ]; then
      found ok port "Port $port is Homeroom's."
    else
      found warning port "Homeroom is on port ${published:-?}, and the settings say $port." "Move it with: ./homeroom up"
    fi
  elif port_taken "$port" "$(setting HOMEROOM_BIND 0.0.0.0)"; then
    found bad port "Port $port is used by $(port_holder "$port")." "End that, or choose another port: HOMEROOM_PORT=8080 ./homeroom up"
  else
    found ok port "Port $port is free."
  fi
}

# Who listens on a port, as far as this account may know.
port_holder() {
  container=$(docker ps --filter "publish=$1" --format '{{.Names}}' 2>/dev/null | head -n 1)
  if [ -n "$container" ]; then
    echo "the container $container"
    return
  fi
  for inode in $(awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null); do
    id=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 | cut -d / -f 3)
    if [ -n "$id" ]; then
      echo "the program $(cat "/proc/$id/comm" 2>/dev/null) (process $id)"
      return
    fi
  done
  echo "another program"
}

# Nothing is said where Docker's folder cannot be looked at from here.
check_docker_disk() {
  space=$(df -B1 --output=avail,size "$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)" 2>/dev/null | tail -n 1) || return 0
  printf '%s\n' "$space" | awk '
    function words(bytes) { return bytes < 2 ^ 30 ? int(bytes / 2 ^ 20) " MB" : sprintf("%.1f GB", bytes / 2 ^ 30) }
    $2 > 0 {
      advice = "Free some: delete files that are not needed, or take away old images with docker image prune."
      judged = $1 < 500 * 2 ^ 20 ? "bad" : $1 < 2 ^ 31 || $1 * 10 < $2 ? "warning" : "ok"
      printf "%s\tdocker_disk\t%s of %s are free.\t%s\n", judged, words($1), words($2), judged == "ok" ? "" : advice
    }'
}

# ---- Where the hub cannot be asked, the script tells alone what it found.

# print_checks [--json] <the checks
print_checks() {
  if [ "${1-}" = --json ]; then
    # shellcheck disable=SC1003 # sed's own backslashes
    sed 's/\\/\\\\/g; s/"/\\"/g' | awk -F '\t' '
      { printf "%s{\"name\":\"%s\",\"status\":\"%s\",\"text\":\"%s\"%s}", NR == 1 ? "{\"checks\":[" : ",", $2, $1, $3,
          $4 == "" ? "" : ",\"advice\":\"" $4 "\"" }
      END { print "]}" }'
  else
    awk -F '\t' '
      BEGIN { mark["ok"] = "ok"; mark["warning"] = "!"; mark["bad"] = "bad" }
      { gsub("_", " ", $2); printf "%-3s  %-13s  %s%s\n", mark[$1], $2, $3, $4 == "" ? "" : " " $4 }'
  fi
}
