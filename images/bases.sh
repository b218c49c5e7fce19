# shellcheck shell=sh
# The images that ours are built on: from a container registry, else made here under the same names.

make_bases() {
  registry=unknown
  for base in $(base_images); do
    if docker image inspect "$base" >/dev/null 2>&1; then
      continue
    fi
    if [ "$registry" != none ] && step "Fetching $base" pull "$base"; then
      continue
    fi
    require_root "The base image $base is missing and must be made on this machine"
    case $base in
      debian:trixie-slim) step "Making $base here" persistently make_debian ;;
      node:24-trixie-slim) step "Making $base here" persistently make_node ;;
      *) false ;;
    esac || die_with_log "The base image $base can neither be fetched nor made on this machine."
  done
}

# What the Dockerfiles begin with, less their own stages; Debian first, as the others are made from it.
base_images() {
  awk 'BEGIN { stage["scratch"] }
    toupper($1) == "FROM" {
      if (!($2 in stage) && !($2 in seen)) { seen[$2]; print $2 }
      if (toupper($3) == "AS") stage[$4]
    }' "$here/images/notebook/Dockerfile" "$here/images/hub/Dockerfile" | sort
}

# A registry that is there names the image within seconds, however long the download takes after that.
pull() {
  docker pull "$1" >"$scratch/pull" 2>&1 &
  pull_id=$!
  tries=0
  while kill -0 "$pull_id" 2>/dev/null && ! grep -q 'Pulling from' "$scratch/pull"; do
    if [ "$tries" -ge 40 ]; then
      kill "$pull_id"
      break
    fi
    tries=$((tries + 1))
    sleep 0.5
  done
  wait "$pull_id" && return
  cat "$scratch/pull"
  if ! grep -q 'Pulling from' "$scratch/pull"; then
    registry=none
    outcome="no container registry answers"
  fi
  return 1
}

make_debian() {
  have mmdebstrap || apt_install mmdebstrap debian-archive-keyring || return
  refresh_apt
  set --
  for line in $(debian_sites | tr ' ' ','); do
    set -- "$@" "deb [signed-by=$debian_keyring] ${line%,*} ${line##*,} main"
  done
  # A mirror may be without the suites of updates; where there is no Debian source at all, mmdebstrap has its own.
  bootstrap "$@" || bootstrap "${1-}" || return
  docker import --change 'CMD ["bash"]' --change 'LABEL homeroom.base=local' "$scratch/debian.tar" debian:trixie-slim
  code=$?
  rm -f "$scratch/debian.tar"
  return "$code"
}

# Leaves out what Debian's slim image leaves out, now and in whatever is installed on top.
bootstrap() {
  set -- trixie "$scratch/debian.tar" "$@"
  for folder in doc info lintian locale man; do
    set -- --dpkgopt="path-exclude=/usr/share/$folder/*" "$@"
  done
  # shellcheck disable=SC2016 # the hook's own variable
  mmdebstrap --variant=minbase --format=tar \
    --customize-hook='echo "APT::Keep-Downloaded-Packages \"false\";" >"$1/etc/apt/apt.conf.d/99keep-no-packages"' "$@"
}

make_node() {
  DOCKER_BUILDKIT=1 docker build --progress plain --tag node:24-trixie-slim \
    --secret "id=ca,src=${ca_file:-/dev/null}" "$here/images/node"
}
