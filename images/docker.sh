# shellcheck shell=sh
# Docker's engine, Compose and Buildx: are they there, and what to do when not.

# A client on PATH is not Docker: what counts is that an engine answers.
engine_answers() {
  have docker && timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

plugins_answer() {
  docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1
}

make_engine() {
  engine_answers && return
  if [ -n "${DOCKER_HOST-}" ]; then
    die "DOCKER_HOST is '$DOCKER_HOST', and no Docker answers there. Homeroom needs the Docker of this machine: unset it."
  fi
  if ! is_root && [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    die "This account may not use Docker. Run: sudo ./homeroom $command"
  fi
  require_root "Docker does not run on this machine"
  if ! have dockerd || ! have docker; then
    require_apt
    step "Installing Docker" persistently install_engine || die_with_log "apt could not install Docker. Is the Debian mirror within reach?"
  fi
  step "Starting Docker" start_engine || {
    tail -n 15 /var/log/docker.log >>"$log" 2>/dev/null || :
    die_with_log "Docker is installed but does not start."
  }
}

require_apt() {
  id=
  [ ! -r /etc/os-release ] || id=$(. /etc/os-release && echo "$ID ${ID_LIKE-} ${VERSION_ID:-99}")
  case " $id " in
    *" debian "* | *" ubuntu "*) ;;
    *) die "Installing Docker is known for Debian and Ubuntu only. Install Docker with Compose here, then run this again." ;;
  esac
  case $id in
    debian*" "[1-9] | debian*" 10" | debian*" 11") die "Debian 12 or later is needed: this is Debian ${id##* }." ;;
  esac
  have apt-get || die "apt-get is missing on this machine."
}

install_engine() {
  refresh_apt
  set -- docker.io ca-certificates iptables
  # Debian 13 has the client in a package of its own.
  [ -z "$(apt_candidate docker-cli)" ] || set -- "$@" docker-cli
  # Where the kernel has AppArmor on, containers do not start without its tools.
  if grep -qs Y /sys/module/apparmor/parameters/enabled; then
    set -- "$@" apparmor
  fi
  apt_install "$@"
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    systemctl enable --now docker.service && wait_for_engine 60
    return
  fi
  # Left by an engine that had no time to tidy up. The number may be another program's by now, and both the service
  # script and the engine would believe that it is theirs.
  forget_dead /var/run/docker-ssd.pid dockerd
  forget_dead /var/run/docker.pid dockerd
  forget_dead /var/run/docker/containerd/containerd.pid containerd
  # Fails where even root may not raise the limit of open files; it has no reason to.
  if [ -x /etc/init.d/docker ] && service docker start && wait_for_engine 30; then
    return 0
  fi
  forget_dead /var/run/docker.pid dockerd
  [ -f /var/run/docker.pid ] || start_engine_by_hand
  wait_for_engine 60
}

# forget_dead <file with a process id> <name of the program>
forget_dead() {
  [ -f "$1" ] || return 0
  [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" = "$2" ] || rm -f "$1"
}

start_engine_by_hand() {
  mount_cgroups
  (
    # shellcheck disable=SC3045 # Debian's sh has it
    ulimit -n "$(ulimit -H -n)" || :
    exec setsid nohup dockerd --pidfile /var/run/docker.pid >>/var/log/docker.log 2>&1 </dev/null
  ) &
}

# Does what systemd does elsewhere.
mount_cgroups() {
  if [ ! -d /sys/fs/cgroup ] || mountpoint -q /sys/fs/cgroup; then
    return
  fi
  if mount -t cgroup2 cgroup2 /sys/fs/cgroup; then
    # Version 2 has its controllers in one tree; they may all be held by version 1.
    [ -z "$(cat /sys/fs/cgroup/cgroup.controllers)" ] || return
    umount /sys/fs/cgroup
  fi
  mount -t tmpfs -o mode=0755 cgroup /sys/fs/cgroup || return
  for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
    mkdir "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
  done
}

wait_for_engine() {
  until engine_answers; do
    [ "$1" -gt 0 ] || return 1
    set -- $(($1 - 1))
    sleep 1
  done
}

# ---- Compose and Buildx

make_plugins() {
  plugins_answer && return
  require_root "Docker Compose or Buildx is missing on this machine"
  require_apt
  step "Installing Docker Compose and Buildx" persistently install_plugins ||
    die_with_log "Docker Compose and Buildx could not be installed. Is the Debian mirror within reach?"
}

install_plugins() {
  refresh_apt
  if [ -n "$(apt_candidate docker-compose-plugin)" ]; then
    # Docker's own packages.
    apt_install docker-compose-plugin docker-buildx-plugin
  elif [ -n "$(apt_candidate docker-compose-v2)" ]; then
    # Ubuntu.
    apt_install docker-compose-v2 docker-buildx
  elif dpkg --compare-versions "$(apt_candidate docker-compose)" ge 2 && [ -n "$(apt_candidate docker-buildx)" ]; then
    apt_install docker-compose docker-buildx
  else
    borrow_plugins
  fi && plugins_answer
}

# Debian 12 has neither. Those of Debian 13 run there: taken are two binaries, so that apt upgrades nothing else.
borrow_plugins() {
  apt_install debian-archive-keyring ca-certificates || return
  site=$(debian_sites | sed -n 's/ trixie$//p' | head -n 1)
  [ -n "$site" ] || {
    say "apt has no Debian source on this machine."
    return 1
  }
  private=$scratch/plugins
  mkdir -p "$private/lists/partial" "$private/cache/archives/partial" "$private/unpacked"
  printf 'deb [signed-by=%s] %s trixie main\n' "$debian_keyring" "$site" >"$private/sources.list"
  (
    cd "$private" &&
      set -- apt-get -o Dir::Etc::SourceList="$private/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$private/lists" -o Dir::Cache="$private/cache" -o APT::Sandbox::User=root &&
      "$@" update && "$@" download docker-compose docker-buildx &&
      for package in ./*.deb; do
        dpkg-deb --extract "$package" unpacked || exit
      done &&
      install -D --mode=0755 --target-directory=/usr/local/lib/docker/cli-plugins \
        unpacked/usr/libexec/docker/cli-plugins/docker-compose \
        unpacked/usr/libexec/docker/cli-plugins/docker-buildx
  )
}

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# "<address> <suite of Debian 13>" for each of this machine's own Debian sources: a school may have its own mirror.
debian_sites() {
  # shellcheck disable=SC2016 # words of apt, not variables
  apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    sed -nE 's/ [a-z]+(|-updates|-security)$/ trixie\1/p' | sort -u
}
