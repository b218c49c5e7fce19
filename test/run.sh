# shellcheck shell=sh
# `./homeroom test`: installs what the tests need, runs all of them, and sums up.

run_tests() {
  parts=${*:-check unit docker browser}
  for part in $parts; do
    case $part in check | unit | docker | browser) ;; *) usage_error ;; esac
  done
  # Images of their own, so that a running Homeroom keeps its.
  project=homeroom-test
  settings_file=/dev/null
  begin_log
  cd "$here" || exit
  make_node_modules
  case $parts in *docker* | *browser*) make_test_images ;; esac
  case $parts in *docker*) make_reader ;; esac
  case $parts in *browser*) make_browser ;; esac
  have shellcheck || install_for_tests shellcheck

  results=$scratch/results
  failed=
  for part in $parts; do
    run_part "$part" || failed="$failed $part"
  done
  for part in $failed; do
    repeat_failures "$part"
  done
  sum_up
  [ -z "$failed" ]
}

run_part() {
  case $1 in
    check) script=check ;;
    unit) script=test ;;
    *) script=test:$1 ;;
  esac
  printf '\n---- %s\n' "$1"
  begun=$(date +%s)
  # A pipe keeps only the status of its last command.
  { npm run --silent "$script" 2>&1 && echo ok >"$scratch/end" || echo FAILED >"$scratch/end"; } | tee "$scratch/output-$1"
  printf '%-8s %-6s %4s s\n' "$1" "$(cat "$scratch/end")" "$(($(date +%s) - begun))" >>"$results"
  [ "$(cat "$scratch/end")" = ok ]
}

# What failed is told once more at the end, where it is not lost between thousands of lines. Each failure is cut after
# its message; where a part lists none of its own (the compiler), its last lines stand for them.
repeat_failures() {
  printf '\n---- failed in %s\n' "$1"
  awk '
    /failing tests:/ { listed = 1; next }
    /^test at / { lines = 0 }
    listed && NF && (lines += 1) <= 25 && (all += 1) <= 150
    { last[NR % 30] = $0 }
    END { if (!listed) for (line = NR > 30 ? NR - 29 : 1; line <= NR; line += 1) print last[line % 30] }
  ' "$scratch/output-$1"
}

sum_up() {
  printf '\n---- summary\n'
  cat "$results"
  cat "$scratch"/output-* | awk '
    { gsub(/\033\[[0-9;]*m/, "") }
    $2 ~ /^(pass|fail|skipped)$/ && $3 ~ /^[0-9]+$/ && NF == 3 { count[$2] += $3 }
    END { if (count["pass"] + count["fail"]) printf "%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skipped"] }
  '
}

install_for_tests() {
  require_root "Missing on this machine: $*"
  require_apt
  step "Installing $*" persistently apt_install "$@" || die_with_log "apt could not install $*. Is the Debian mirror within reach?"
}

make_node_modules() {
  have npm || install_for_tests nodejs npm ca-certificates
  if [ -n "$ca_file" ]; then
    export NODE_EXTRA_CA_CERTS="$ca_file"
  fi
  if ! [ node_modules/.package-lock.json -nt package-lock.json ] || ! node_modules/.bin/node --version >/dev/null 2>&1; then
    step "Installing packages" persistently install_packages || die_with_log "npm could not install the packages. Is its registry within reach?"
  fi
}

# An older Node would leave out, without a word, the binaries that are made for newer ones.
install_packages() {
  if [ "$(node --print 'Number.parseInt(process.versions.node) >= 24')" != true ]; then
    npm install --prefix "$scratch/npm" node@24 npm@11 || return
    PATH=$scratch/npm/node_modules/.bin:$PATH
  fi
  # Only one package's script is wanted, whatever this npm thinks of the others: the one that unpacks Node.
  npm ci --ignore-scripts && npm rebuild node
}

make_test_images() {
  make_engine
  make_plugins
  # Under a name that stays, so that the boxes of the tests find every layer built.
  build_images
}

# Reads the hub's database with none of the hub's code.
make_reader() {
  /usr/bin/python3 -c 'import plyvel' 2>/dev/null || install_for_tests python3-plyvel
}

make_browser() {
  have chromium || install_for_tests chromium
  # A page of names in many scripts needs letters for them.
  fc-list 2>/dev/null | grep -q Noto || install_for_tests fontconfig fonts-noto-core
}
